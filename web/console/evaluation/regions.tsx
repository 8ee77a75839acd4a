/** Regions and their canteens as a table; of the chosen canteen the meals, each the way to its weigh-ins. */

import { useQuery } from "@tanstack/react-query";
import { heading } from "../../shared/language.ts";
import { centre, held } from "../centre.ts";
import { Framed } from "../charts/framed.tsx";
import { linkTo } from "../links.ts";
import { useNames } from "../names.ts";
import { MEALS } from "../today/meals.ts";
import { endOfQuarter, type Kitchen, together } from "./kitchens.ts";
import { say } from "./words.ts";

interface Props {
  readonly kitchens: readonly Kitchen[];
  readonly chosen: Kitchen | undefined;
  readonly quarter: string;
  addressOf(id: number): Readonly<Record<string, string>>;
}

export function Regions({ kitchens, chosen, quarter, addressOf }: Props) {
  const names = useNames();
  const regions = [...new Set(kitchens.map((one) => one.book))];
  return (
    <section className="panel" aria-labelledby="regions">
      <div>
        <h2 id="regions">{say("console.evaluation.regions")}</h2>
        <p className="unit">{say("console.evaluation.regions_unit")}</p>
      </div>
      <Framed
        labelledBy="regions"
        caption={say("console.evaluation.regions")}
        heads={[
          say("console.evaluation.place"),
          { number: say("console.evaluation.grams") },
          { number: say("console.evaluation.completeness_percent") },
          { number: say("console.unit.covers") },
        ]}
        isShort
      >
        {regions.map((book) => {
          const own = kitchens.filter((one) => one.book === book);
          return (
            <tbody key={book}>
              <Line name={names.of("book", book)?.name ?? String(book)} kitchens={own} className="region" />
              {own.map((one) => (
                <Line
                  key={one.id}
                  name={one.name}
                  kitchens={[one]}
                  href={linkTo("/evaluation", addressOf(one.id))}
                  isChosen={one.id === chosen?.id}
                />
              ))}
            </tbody>
          );
        })}
      </Framed>
      {chosen && <Meals kitchen={chosen} quarter={quarter} />}
    </section>
  );
}

interface LineProps {
  readonly name: string;
  readonly kitchens: readonly Kitchen[];
  readonly href?: string;
  readonly className?: string;
  readonly isChosen?: boolean;
}

function Line({ name, kitchens, href, className, isChosen }: LineProps) {
  const all = together(kitchens);
  return (
    <tr className={isChosen ? "chosen" : className}>
      <th scope="row">
        {href ? (
          <a href={href} aria-current={isChosen ? "true" : undefined}>
            {name}
          </a>
        ) : (
          name
        )}
      </th>
      <td className="number">{all.gramsPerCover?.toFixed(1) ?? "—"}</td>
      <td className="number">{all.completeness === null ? "—" : (100 * all.completeness).toFixed(1)}</td>
      <td className="number">{all.covers.toLocaleString("en-US")}</td>
    </tr>
  );
}

function Meals({ kitchen, quarter }: { kitchen: Kitchen; quarter: string }) {
  const last = endOfQuarter(quarter);
  const { data } = useQuery({
    queryKey: ["meals", quarter],
    queryFn: () => {
      const span = { first: quarter, last, by: "canteen", per: "quarter" } as const;
      return Promise.all(
        MEALS.map((meal) => held(centre.GET("/waste/measures", { params: { query: { ...span, meal } } }))),
      );
    },
  });
  return (
    <>
      <h3 id="meals">{kitchen.name}</h3>
      <Framed
        labelledBy="meals"
        caption={kitchen.name}
        heads={[
          say("console.scope.meal"),
          { number: say("console.evaluation.grams") },
          { number: say("console.evaluation.interval") },
          say("console.evaluation.records"),
        ]}
      >
        <tbody>
          {MEALS.map((meal, at) => {
            const found = data?.[at]?.find((one) => one.number === kitchen.id);
            const filters = { canteen_id: kitchen.id, meal, from_day: quarter, until_day: last };
            return (
              <tr key={meal}>
                <th scope="row">{heading(say(`meal.${meal}`))}</th>
                <td className="number">{found?.grams_per_cover?.toFixed(1) ?? "—"}</td>
                <td className="number">
                  {found?.low == null || found.high == null ? "—" : `${found.low.toFixed(1)}–${found.high.toFixed(1)}`}
                </td>
                <td>
                  <a href={linkTo("/waste/weigh-ins", filters)}>{say("console.evaluation.weigh_ins")}</a>
                </td>
              </tr>
            );
          })}
        </tbody>
      </Framed>
    </>
  );
}
