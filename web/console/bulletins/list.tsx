/** Drafts and published bulletins, and a new draft of a quarter. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Alert, Button, Segmented, Select, Skeleton } from "antd";
import { type FormEvent, useEffect, useState } from "react";
import { dayAndTime } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { centre, held, inSession, Refused } from "../centre.ts";
import { Framed } from "../charts/framed.tsx";
import { quarterName, quarters } from "../evaluation/kitchens.ts";
import { linkTo, useWish } from "../links.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { say } from "./words.ts";

const STATES = ["all", "draft", "published"] as const;
const SHOWN = 100;
const QUARTERS = quarters(new Date());

/** A new draft of a quarter; its number. */
export async function draftOf(quarter: string): Promise<number> {
  const made = await inSession(() => held(centre.POST("/waste/bulletins", { body: { quarter } })));
  return made.number;
}

export function BulletinList() {
  const wish = useWish();
  const navigate = useNavigate();
  const { permissions } = useSession();
  const state = STATES.find((one) => one === wish.state) ?? "all";
  const { data, error, refetch } = useQuery({
    queryKey: ["bulletins", state],
    queryFn: () => {
      const query = { limit: SHOWN, sort: "-drafted_at", ...(state !== "all" && { state }) };
      return held(centre.GET("/waste/bulletins", { params: { query: query as never } }));
    },
  });
  useEffect(() => {
    document.title = `${say("console.bulletins.title")} · ${say("console.title")}`;
  }, []);
  return (
    <>
      <div className="heading">
        <div>
          <h1>{say("console.bulletins.title")}</h1>
          <p className="unit">{say("console.bulletins.lead")}</p>
        </div>
        <div className="acts">
          <a href={linkTo("/waste/bulletins")}>{say("console.bulletins.list")}</a>
        </div>
      </div>
      {permissions.has("inspect") && <NewDraft />}
      <Segmented
        aria-label={say("console.bulletins.state")}
        value={state}
        options={STATES.map((value) => ({
          value,
          label: value === "all" ? say("console.bulletins.all") : say(`console.bulletins.state.${value}`),
        }))}
        onChange={(value) =>
          void navigate({ to: "/bulletins", search: (value === "all" ? {} : { state: value }) as never })
        }
      />
      {error && <Trouble error={error} again={refetch} />}
      {!data && !error && <Skeleton active />}
      {data?.items.length === 0 && <p className="calm">{say("console.bulletins.none")}</p>}
      {data && data.items.length > 0 && (
        <section className="panel" aria-labelledby="bulletins">
          <h2 id="bulletins">{say("console.bulletins.title")}</h2>
          <Framed
            labelledBy="bulletins"
            caption={say("console.bulletins.title")}
            heads={[
              say("console.bulletins.quarter"),
              say("console.bulletins.state"),
              say("console.bulletins.number"),
              say("console.bulletins.drafted"),
              { number: say("console.bulletins.version") },
              say("console.bulletins.published"),
            ]}
          >
            <tbody>
              {data.items.map((one) => (
                <tr key={one.bulletin_id}>
                  <th scope="row">
                    <a href={linkTo(`/bulletins/${one.bulletin_id}`)}>
                      {say("console.bulletins.name", { quarter: quarterName(one.quarter), id: one.bulletin_id })}
                    </a>
                  </th>
                  <td>
                    {say(one.state === "draft" ? "console.bulletins.state.draft" : "console.bulletins.state.published")}
                  </td>
                  <td>{one.serial == null ? "—" : `${one.issuer_code}〔${one.year}〕${one.serial}号`}</td>
                  <td>{dayAndTime(one.drafted_at, language)}</td>
                  <td className="number">{one.version}</td>
                  <td>{one.published_at ? `${dayAndTime(one.published_at, language)} ${one.published_by}` : "—"}</td>
                </tr>
              ))}
            </tbody>
          </Framed>
        </section>
      )}
    </>
  );
}

function NewDraft() {
  const navigate = useNavigate();
  const [quarter, setQuarter] = useState(QUARTERS[1] ?? "");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const make = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await navigate({ to: `/bulletins/${await draftOf(quarter)}` });
    } catch (caught) {
      setError(caught as Error);
      setBusy(false);
    }
  };
  return (
    <form className="panel" onSubmit={make} aria-busy={isBusy} aria-labelledby="new-bulletin">
      <h2 id="new-bulletin">{say("console.bulletins.new")}</h2>
      <div className="acts">
        <Select
          aria-label={say("console.bulletins.quarter")}
          value={quarter}
          options={QUARTERS.map((value) => ({ value, label: quarterName(value) }))}
          onChange={setQuarter}
        />
        <Button type="primary" htmlType="submit" disabled={isBusy} aria-busy={isBusy}>
          {say("console.bulletins.make")}
        </Button>
      </div>
      {error && (
        <Alert
          type="error"
          showIcon
          title={error.message}
          description={(error instanceof Refused && error.advice) || undefined}
        />
      )}
    </form>
  );
}
