"""HTTP to the services and selectors of llm, and back."""

from datetime import datetime, timedelta
from typing import Final

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.access import ProjectAPIView, parse_id
from apps.accounts.contracts import Role
from apps.common import clock
from apps.llm import selectors, services
from apps.llm.api import serializers
from apps.llm.errors import PriceNotFoundError, RepricingNotFoundError
from apps.llm.models import Price, Repricing
from apps.llm.pricing.quoting import quote
from apps.llm.values import call_of, check_range, microseconds

DEFAULT_RANGE: Final = timedelta(days=30)


class PricesView(ProjectAPIView):
    """The project's own prices."""

    scope = "llm"
    write_role = Role.MEMBER

    @extend_schema(responses=serializers.PriceOutput(many=True), summary="List own prices")
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved already
        """List them by model."""
        return Response(serializers.PriceOutput(selectors.list_prices(self.project.id), many=True).data)

    @extend_schema(
        request=serializers.PriceInput, responses={201: serializers.PriceOutput}, summary="Set a price of one's own"
    )
    def post(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - as above
        """Set a price; calls that arrive from now on use it."""
        data = serializers.PriceInput(data=request.data)
        data.is_valid(raise_exception=True)
        price = services.create_price(project=self.project, actor=self.actor, values=data.validated_data)
        return Response(serializers.PriceOutput(price).data, status=status.HTTP_201_CREATED)


class PriceView(ProjectAPIView):
    """One price."""

    scope = "llm"
    write_role = Role.MEMBER

    @extend_schema(responses=serializers.PriceOutput, summary="Show a price")
    def get(self, request: Request, project_id: str, price_id: str) -> Response:  # noqa: ARG002 - as above
        """Show it."""
        return Response(serializers.PriceOutput(self._price(price_id)).data)

    @extend_schema(
        request=serializers.PricePatch, responses=serializers.PriceOutput, summary="Change a price of one's own"
    )
    def patch(self, request: Request, project_id: str, price_id: str) -> Response:  # noqa: ARG002 - as above
        """Change it; stored costs stay until they are priced again."""
        price = self._price(price_id)
        data = serializers.PricePatch(data=request.data)
        data.is_valid(raise_exception=True)
        price = services.update_price(project=self.project, price=price, actor=self.actor, values=data.validated_data)
        return Response(serializers.PriceOutput(price).data)

    @extend_schema(responses={204: None}, summary="Take a price away")
    def delete(self, request: Request, project_id: str, price_id: str) -> Response:  # noqa: ARG002 - as above
        """Take it away; what was priced by it stays."""
        services.delete_price(project=self.project, price=self._price(price_id), actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _price(self, text: str) -> Price:
        number = parse_id(text)
        if number is None:
            raise PriceNotFoundError("There is no such price in this project.")
        return selectors.get_price(self.project.id, number)


class PriceCheckView(ProjectAPIView):
    """What a call would cost."""

    scope = "llm"
    scope_reads = ("POST",)

    @extend_schema(
        request=serializers.PriceCheckInput, responses=serializers.PriceCheckOutput, summary="What would a call cost?"
    )
    def post(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - as above
        """Price a call by the rules the writer uses, and say which of them it was."""
        data = serializers.PriceCheckInput(data=request.data)
        data.is_valid(raise_exception=True)
        asked = data.validated_data
        moment = microseconds(asked.get("time") or clock.now())
        own = selectors.read_prices(self.project.id)
        answer = quote(call_of(asked), moment, own, is_embedding=asked["is_embedding"])
        return Response(serializers.PriceCheckOutput(answer).data)


class UnpricedModelsView(ProjectAPIView):
    """Models without a price."""

    scope = "llm"

    @extend_schema(
        parameters=[serializers.RangeQuery], responses=serializers.UnpricedModelPage, summary="List unpriced models"
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - as above
        """List the models that were called without a known price, the most called first."""
        found = selectors.list_unpriced_models(self.project.id, *_range(request))
        return Response(serializers.UnpricedModelPage({"results": found}).data)


class SpendView(ProjectAPIView):
    """What was spent."""

    scope = "llm"

    @extend_schema(
        parameters=[serializers.RangeQuery], responses=serializers.SpendPage, summary="Spend by day and model"
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - as above
        """Add up costs and tokens by day of the project's calendar and by model."""
        found = selectors.list_spend(self.project, *_range(request))
        return Response(serializers.SpendPage({"results": found}).data)


class RepricingsView(ProjectAPIView):
    """Runs that price stored calls again."""

    scope = "llm"
    write_role = Role.ADMIN

    @extend_schema(
        operation_id="projects_llm_repricings_list",
        responses=serializers.RepricingPage,
        summary="List runs of pricing again",
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - as above
        """List the newest runs."""
        runs = selectors.list_repricings(self.project.id)
        return Response(serializers.RepricingPage({"results": runs}).data)

    @extend_schema(
        request=serializers.RepricingInput,
        responses={202: serializers.RepricingOutput},
        summary="Price stored calls again",
    )
    def post(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - as above
        """Start a run; events keep their old cost beside the new one."""
        data = serializers.RepricingInput(data=request.data)
        data.is_valid(raise_exception=True)
        run = services.start_repricing(project=self.project, actor=self.actor, **data.validated_data)
        return Response(serializers.RepricingOutput(run).data, status=status.HTTP_202_ACCEPTED)


class RepricingView(ProjectAPIView):
    """One run."""

    scope = "llm"

    @extend_schema(responses=serializers.RepricingOutput, summary="Show a run of pricing again")
    def get(self, request: Request, project_id: str, repricing_id: str) -> Response:  # noqa: ARG002 - as above
        """Show how far it is, and its receipt."""
        return Response(serializers.RepricingOutput(self._run(repricing_id)).data)

    def _run(self, text: str) -> Repricing:
        number = parse_id(text)
        if number is None:
            raise RepricingNotFoundError("There is no such run in this project.")
        return selectors.get_repricing(self.project.id, number)


def _range(request: Request) -> tuple[datetime, datetime]:
    """Read the range of a request."""
    data = serializers.RangeQuery(data=request.query_params.dict())
    data.is_valid(raise_exception=True)
    end = data.validated_data.get("date_to") or clock.now()
    start = data.validated_data.get("date_from") or end - DEFAULT_RANGE
    check_range(start, end)
    return start, end
