import io

from analytics.supervisor.console import Console


def _console(*, colored: bool = False) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(stream, colored=colored), stream


def test_console__output_in_pieces__prints_whole_lines() -> None:
    # Given
    console, stream = _console()

    # When
    console.feed("web", b"one\ntw")
    console.feed("writer", b"three\n")
    console.feed("web", b"o\n")

    # Then
    assert stream.getvalue().splitlines() == ["web        | one", "writer     | three", "web        | two"]


def test_console__program_ends_without_line_end__prints_the_rest() -> None:
    # Given
    console, stream = _console()
    console.feed("web", b"last words")

    # When
    console.flush("web")
    console.flush("web")

    # Then
    assert stream.getvalue() == "web        | last words\n"


def test_console__bytes_that_are_no_text__are_replaced() -> None:
    # Given
    console, stream = _console()

    # When
    console.feed("web", b"caf\xe9\r\n")

    # Then
    assert stream.getvalue() == "web        | caf\ufffd\n"


def test_console__on_a_terminal__colours_only_the_name() -> None:
    # Given
    console, stream = _console(colored=True)

    # When
    console.line("web", "plain")

    # Then
    before, after = stream.getvalue().split("\033[0m")
    assert before.startswith("\033[")
    assert after == " plain\n"


def test_console__reader_is_gone__keeps_going() -> None:
    # Given
    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    console = Console(Gone(), colored=False)

    # When
    console.line("web", "one")
    console.line("web", "two")

    # Then
    assert console.stream.name == "/dev/null"
    console.stream.close()
