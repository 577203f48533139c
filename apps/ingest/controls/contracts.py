"""A project's rules for what comes in, as the ingest path uses them: frozen, cheap to look at, shared by threads."""

from dataclasses import dataclass, field
from functools import cached_property

from apps.ingest.controls.masking import Masker
from apps.ingest.controls.names import Names
from apps.ingest.controls.origins import Origins
from apps.ingest.controls.rules import IpPolicy, MaskRule, PromptPolicy


@dataclass(frozen=True)
class Controls:
    """Everything one project says about what it takes in. The defaults change nothing."""

    project_id: int
    allowed_origins: tuple[str, ...] = ()
    denied_events: tuple[str, ...] = ()
    denied_properties: tuple[str, ...] = ()
    masking: tuple[MaskRule, ...] = ()
    detectors: tuple[str, ...] = ()
    prompt_policy: PromptPolicy = PromptPolicy.KEEP
    sampling: float = 1.0
    monthly_quota: int | None = None
    rate_per_minute: int | None = None
    ip_policy: IpPolicy = IpPolicy.KEEP
    cookieless: bool = False
    hash_key: bytes = field(default=b"", repr=False)

    @cached_property
    def origins(self) -> Origins:
        """The pages that may send."""
        return Origins(self.allowed_origins)

    @cached_property
    def events(self) -> Names:
        """The events that are not taken."""
        return Names(self.denied_events, ignore_case=False)

    @cached_property
    def masker(self) -> Masker:
        """The rules about what an event may say, made ready."""
        return Masker(self)

    @cached_property
    def is_limited(self) -> bool:
        """Whether each request must ask how much room is left."""
        return self.monthly_quota is not None or self.rate_per_minute is not None

    @cached_property
    def rewrites(self) -> bool:
        """Whether any rule may change what an event says."""
        return bool(
            self.denied_properties
            or self.masking
            or self.detectors
            or self.prompt_policy is not PromptPolicy.KEEP
            or self.ip_policy is not IpPolicy.KEEP
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a request beside its events.

    `origin` is the page a browser sends from. `all_or_nothing` is how newer formats want to hear of a limit: as an
    error, with nothing kept. `is_trusted` marks an import or a replay by someone of the project: what its owner said
    about privacy holds, limits and sampling do not.
    """

    origin: str = ""
    all_or_nothing: bool = False
    is_trusted: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request beside what is left in its entry: what was out of quota, and what it was charged."""

    limited: tuple[str, ...] = ()
    charged: int = 0
