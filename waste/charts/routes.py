"""HTTP: the dashboards' charts, to draw and to download; and the page to weigh with."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.params import Parameter

from registry import access
from registry.canteens import canteen_of, canteens_of
from registry.models import Database
from waste.charts.dashboard import CHARTS, Charts, to_csv
from waste.charts.schemas import ChartShown

ByPerson = Request[access.Person, Any, Any]


class DashboardController(Controller):
    """Charts of one's own canteens; of all for the centre and the supervisors."""

    path = "/waste/charts"
    tags = ["waste"]  # noqa: RUF012

    @get("/", guards=[access.allows("see_waste")], summary="Charts")
    async def list_charts(self) -> list[ChartShown]:
        """Which there are, without their rows."""
        return [ChartShown(name, zh, en, columns, []) for name, (zh, en, columns, _) in CHARTS.items()]

    @get("/{name:str}", guards=[access.allows("see_waste")], summary="A chart's data")
    async def chart(
        self,
        request: ByPerson,
        name: str,
        database: Database,
        charts: Charts,
        canteen_id: Annotated[int, Parameter(ge=0, le=2**53 - 1)] | None = None,
        form: Annotated[str, Parameter(query="format", pattern="^(json|csv)$")] = "json",
    ) -> ChartShown | Response[bytes]:
        """As JSON to draw, as CSV to keep; of one canteen if asked."""
        async with database() as db:
            canteens = await canteens_of(db, request.user)
            if canteen_id is not None:
                canteens = {canteen_id: await canteen_of(db, request.user, canteen_id)}
        shown = await charts.show(canteens, name)
        if form == "json":
            return shown
        headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
        return Response(to_csv(shown), media_type="text/csv", headers=headers)
