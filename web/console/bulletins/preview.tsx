/** What becomes of a draft: the page for everybody, the official document, and the figures that were frozen for it. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Segmented, Skeleton } from "antd";
import { useEffect, useState } from "react";
import type { components } from "../../shared/api/schema.ts";
import { language } from "../../shared/language.ts";
import { centre, held, inSession } from "../centre.ts";
import { Framed } from "../charts/framed.tsx";
import { quarterName } from "../evaluation/kitchens.ts";
import { useLook } from "../looks.tsx";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { type Bulletin, type Changes, TEXTS } from "./typed.ts";
import { say } from "./words.ts";

export type FrozenFigures = components["schemas"]["BulletinFigures"];

const LOOKS = ["page", "document", "figures"] as const;
const LANGUAGES = { zh: "zh-Hans", en: "en" } as const;
const TYPING_MS = 500;

interface Props {
  readonly bulletin: Bulletin;
  /** What is typed and not saved. */
  readonly changes: Changes;
  readonly figures: FrozenFigures | undefined;
}

export function Preview({ bulletin, changes, figures }: Props) {
  const [look, setLook] = useState<(typeof LOOKS)[number]>("page");
  const [spoken, setSpoken] = useState<"zh" | "en">("zh");
  return (
    <section className="panel preview" aria-labelledby="preview">
      <h2 id="preview">{say("console.bulletins.preview")}</h2>
      <div className="acts">
        <Segmented
          aria-label={say("console.bulletins.look")}
          value={look}
          options={LOOKS.map((value) => ({ value, label: say(`console.bulletins.look.${value}`) }))}
          onChange={setLook}
        />
        {look !== "figures" && (
          <Segmented
            aria-label={say("console.bulletins.look_language")}
            value={spoken}
            options={[
              { value: "zh", label: <span lang="zh-Hans-CN">中文</span> },
              { value: "en", label: <span lang="en">English</span> },
            ]}
            onChange={setSpoken}
          />
        )}
      </div>
      {look === "page" && <Page bulletin={bulletin} changes={changes} spoken={spoken} />}
      {look === "document" && <Document bulletin={bulletin} spoken={spoken} />}
      {look === "figures" && (figures ? <Figures figures={figures} /> : <Skeleton active />)}
    </section>
  );
}

/** What was typed once there is a pause. */
function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** The page as its readers get it, but for what leads away from it and for scripts, of which it has that of the look. */
function framed(page: string, dataset: Readonly<Record<string, string>>): string {
  const shown = new DOMParser().parseFromString(page, "text/html");
  for (const element of shown.querySelectorAll("script, main > nav")) element.remove();
  for (const link of shown.querySelectorAll("a")) link.replaceWith(...link.childNodes);
  Object.assign(shown.documentElement.dataset, dataset);
  return `<!doctype html>${shown.documentElement.outerHTML}`;
}

function Page({ bulletin, changes, spoken }: Omit<Props, "figures"> & { readonly spoken: "zh" | "en" }) {
  const { permissions } = useSession();
  const look = useLook();
  const isLive = bulletin.state === "draft" && permissions.has("inspect");
  const wanted = useSettled(JSON.stringify(changes));
  const { data, error, refetch } = useQuery({
    queryKey: ["bulletin-page", bulletin.bulletin_id, bulletin.version, bulletin.state, isLive ? wanted : "", spoken],
    placeholderData: keepPreviousData,
    staleTime: 0,
    queryFn: () => {
      const params = { path: { bulletin_id: bulletin.bulletin_id }, query: { lang: LANGUAGES[spoken] } };
      const path = "/waste/bulletins/{bulletin_id}/page";
      return isLive
        ? inSession(() => held(centre.POST(path, { params, body: JSON.parse(wanted), parseAs: "text" })))
        : held(centre.GET(path, { params, parseAs: "text" }));
    },
  });
  void look;
  const { theme = "light", type = "usual" } = document.documentElement.dataset;
  return (
    <>
      <p className="unit" role="status">
        {isLive
          ? say("console.bulletins.page_live")
          : say("console.bulletins.page_saved", { version: bulletin.version })}
      </p>
      {error && <Trouble error={error} again={refetch} />}
      {data === undefined && !error && <Skeleton active />}
      {data !== undefined && (
        <iframe
          className={error ? "stale" : undefined}
          title={say("console.bulletins.page_frame")}
          // No scripts, no forms, no ways out: the page is looked at. Its styles are those of its own address.
          sandbox="allow-same-origin"
          srcDoc={framed(String(data), { theme, type })}
        />
      )}
    </>
  );
}

function Document({ bulletin, spoken }: { readonly bulletin: Bulletin; readonly spoken: "zh" | "en" }) {
  const { bulletin_id } = bulletin;
  const lang = LANGUAGES[spoken];
  const { data, error, refetch } = useQuery({
    queryKey: ["bulletin-sheets", bulletin_id, bulletin.version, bulletin.state, spoken],
    staleTime: 0,
    queryFn: () =>
      held(centre.GET("/waste/bulletins/{bulletin_id}/sheets", { params: { path: { bulletin_id }, query: { lang } } })),
  });
  return (
    <>
      <p className="unit" role="status">
        {say("console.bulletins.document_saved", { version: bulletin.version })}{" "}
        <a href={`/waste/bulletins/${bulletin_id}/pdf?lang=${lang}`} target="_blank" rel="noreferrer">
          {say("console.bulletins.open_pdf")}
        </a>
      </p>
      {error && <Trouble error={error} again={refetch} />}
      {!data && !error && <Skeleton active />}
      {data && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what is long is scrolled, also by keyboard
        <section className="sheets" aria-label={say("console.bulletins.look.document")} tabIndex={0}>
          {Array.from({ length: data.sheets }, (_, at) => at + 1).map((number) => (
            <img
              key={number}
              src={`/waste/bulletins/${bulletin_id}/sheets/${number}?version=${data.version}&lang=${lang}`}
              alt={say("console.bulletins.sheet", { number, count: data.sheets })}
              loading="lazy"
              width={910}
              height={1286}
            />
          ))}
        </section>
      )}
    </>
  );
}

function Figures({ figures }: { readonly figures: FrozenFigures }) {
  const quarter = quarterName(figures.quarter);
  return (
    <>
      <h3 id="frozen">{say("console.bulletins.figures_title", { quarter })}</h3>
      <p className="unit">{say("console.bulletins.figures_why", { day: figures.as_of || "—" })}</p>
      <Framed
        labelledBy="frozen"
        caption={say("console.bulletins.figures_title", { quarter })}
        heads={[say("console.bulletins.figure"), { number: say("console.bulletins.value") }]}
      >
        <tbody>
          {figures.figures.map((one) => (
            <tr key={one.name}>
              <th scope="row">{one.name}</th>
              <td className="number">{one.value}</td>
            </tr>
          ))}
        </tbody>
      </Framed>
      <h3>{say("console.bulletins.drafted_texts")}</h3>
      <dl className="drafted" lang="zh-Hans-CN">
        {TEXTS.filter((name) => figures.drafted[name]).map((name) => (
          <div key={name}>
            <dt lang={language === "zh" ? "zh-Hans-CN" : "en"}>{say(`console.bulletins.field.${name}`)}</dt>
            <dd>{figures.drafted[name]}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
