/** An agency's money between two closings: its own books against the centre's, what it gets and owes, its disputes. */

import { useNavigate } from "@tanstack/react-router";
import { Segmented, Select } from "antd";
import { useEffect } from "react";
import { Allowed } from "../charts/allowed.tsx";
import "../charts/charts.css";
import { useWish } from "../links.ts";
import { useNames } from "../names.ts";
import { useSession } from "../session.tsx";
import { Compare } from "./compare.tsx";
import { Disputes } from "./disputes.tsx";
import { Positions } from "./positions.tsx";
import { say } from "./words.ts";
import "./books.css";

export function Books() {
  return (
    <Allowed permission="see_payments">
      <Room />
    </Allowed>
  );
}

const LOOKS = ["compare", "positions", "disputes"] as const;
export type Ask = (changes: Readonly<Record<string, string | undefined>>) => void;

function Room() {
  const wish = useWish();
  const navigate = useNavigate();
  const names = useNames();
  const { agency_id: own, permissions } = useSession();
  const agency = own ?? (wish.agency_id === undefined ? null : Number(wish.agency_id));
  const looks = LOOKS.filter((one) => one === "compare" || permissions.has("see_clearing"));
  const look = looks.find((one) => one === wish.look) ?? "compare";
  const ask: Ask = (changes) => {
    const said = Object.entries({ ...wish, ...changes }).filter(([, value]) => value);
    void navigate({ to: "/books", search: Object.fromEntries(said) as never, replace: true });
  };
  useEffect(() => {
    document.title = `${say("console.books.title")} · ${say("console.title")}`;
  }, []);
  return (
    <>
      <div className="heading">
        <div>
          <h1>{say("console.books.title")}</h1>
          <p className="unit">{agency === null ? say("console.books.choose_agency") : names.agency(agency)}</p>
        </div>
        {own === null && (
          <Select
            aria-label={say("console.named.agency_id")}
            value={agency === null ? null : String(agency)}
            placeholder={say("console.named.agency_id")}
            popupMatchSelectWidth={false}
            showSearch={{ optionFilterProp: "label" }}
            options={names.choices("agency_id")}
            onChange={(value) => ask({ agency_id: String(value) })}
          />
        )}
      </div>
      <Segmented
        aria-label={say("console.books.look")}
        value={look}
        options={looks.map((value) => ({ value, label: say(`console.books.look.${value}`) }))}
        onChange={(value) => ask({ look: value })}
      />
      {agency === null && <p className="calm">{say("console.books.choose_agency")}</p>}
      {agency !== null && look === "compare" && (
        <Compare key={agency} agency={agency} isOwn={own !== null} wish={wish} ask={ask} />
      )}
      {agency !== null && look === "positions" && <Positions key={agency} agency={agency} isOwn={own !== null} />}
      {agency !== null && look === "disputes" && <Disputes key={agency} agency={agency} />}
    </>
  );
}
