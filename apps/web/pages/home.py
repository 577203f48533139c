"""A project's first page: how to send events until there are some, the key numbers from then on."""

from django.http import HttpRequest, HttpResponse

from apps.web.pages.shell import Visit, project_page, show
from apps.web.pages.snippets import install_snippets


@project_page()
def home(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the install snippets."""
    snippets = install_snippets(token=visit.project.api_token, host=request.build_absolute_uri("/")[:-1])
    return show(
        request,
        "web/install.html",
        {"heading": "Send your first event", "snippets": snippets},
        visit=visit,
        active="home",
    )
