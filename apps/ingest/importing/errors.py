"""Why a file cannot be imported, in one sentence for whoever started the import."""

from apps.common.errors import DomainError


class ImportFileError(DomainError):
    """The file is not there, of a kind nobody reads, or not what its name says."""

    status, code = 400, "import_file"
