"""HTTP: charts, to draw and to download."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.params import Parameter

from foundation.catalogue import Language, language_of
from registry import access
from registry.canteens import canteen_of, canteens_of
from registry.models import Database
from waste.charts.charts import CHARTS, Charts, Table, to_csv
from waste.charts.schemas import ChartShown, TableFormat

ByPerson = Request[access.Person, Any, Any]
Lang = Annotated[Language | None, Parameter(query="lang", description="Without it `Accept-Language` decides.")]


class ChartController(Controller):
    """Charts of the agency's canteens; of all for the centre and the supervisors."""

    path = "/waste/charts"
    tags = ["waste"]  # noqa: RUF012

    @get("/", guards=[access.allows("see_waste")], summary="List the charts")
    async def list_charts(self, request: ByPerson, lang: Lang = None) -> Response[list[ChartShown]]:
        """Titles and columns of all charts, without rows."""
        language = _language(request, lang)
        return Response([Table(name).in_language(language) for name in CHARTS], headers=_headers(language))

    @get("/{name:str}", guards=[access.allows("see_waste")], summary="Get the data of a chart")
    async def chart(
        self,
        request: ByPerson,
        name: str,
        database: Database,
        charts: Charts,
        canteen_id: Annotated[int, Parameter(ge=0, le=2**53 - 1)] | None = None,
        form: Annotated[TableFormat, Parameter(query="format")] = TableFormat.JSON,
        lang: Lang = None,
    ) -> Response[ChartShown] | Response[bytes]:
        """As JSON to draw, or as CSV to keep; of one canteen, or of all that the person may see."""
        language = _language(request, lang)
        async with database() as db:
            canteens = await canteens_of(db, request.user)
            if canteen_id is not None:
                canteens = {canteen_id: await canteen_of(db, request.user, canteen_id)}
        shown = (await charts.show(canteens, name)).in_language(language)
        headers = _headers(language)
        if form is TableFormat.JSON:
            return Response(shown, headers=headers)
        headers |= {"content-disposition": f'attachment; filename="{name}.csv"'}
        return Response(to_csv(shown, language), media_type="text/csv", headers=headers)


def _language(request: ByPerson, lang: Language | None) -> Language:
    return lang or language_of(request.headers.get("accept-language"))


def _headers(language: Language) -> dict[str, str]:
    return {"content-language": language.tag, "vary": "accept-language"}
