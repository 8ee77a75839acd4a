/** A chart with all that belongs to it: title, unit, source and time, its figures as a table, both as files. */

import { Button, Dropdown, Skeleton } from "antd";
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useEffect, useId, useRef, useState } from "react";
import { clockWithSeconds } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { useLook } from "../looks.tsx";
import { saveAs } from "../saving.ts";
import { Trouble } from "../trouble.tsx";
import { say } from "../words.ts";
import "./charts.css";
import { type Inks, inksOfPage } from "./inks.ts";
import { PICTURE_SCALE, pictureOf } from "./picture.ts";
import { csvOf, type Figures, shownOf } from "./table.ts";

export type Option = EChartsCoreOption;

interface Props {
  readonly name: string;
  readonly title: string;
  /** What is on the axes, with units. */
  readonly unit: string;
  /** Where the figures come from. */
  readonly source: string;
  /** When they were read, in milliseconds since 1970. */
  readonly at: number;
  readonly figures: Figures | undefined;
  /** What is to be seen, in a sentence, for those who do not see it. */
  readonly summary?: string;
  draw(inks: Inks, figures: Figures): Option;
  readonly height?: "low" | "usual" | "tall";
  readonly isWide?: boolean;
  readonly error?: Error | null;
  again?(): unknown;
  /** What a click on a drawn figure does, by its place in the table. */
  choose?(row: number): void;
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function Chart(props: Props) {
  const { title, unit, source, at, figures, error } = props;
  const id = useId();
  const [isTable, setTable] = useState(false);
  const chart = useRef<EChartsType | null>(null);
  const said = `${say("console.chart.source", { source, at: clockWithSeconds(at / 1000, language) })}`;
  const savePicture = async () => {
    if (chart.current === null) return;
    const inks = inksOfPage();
    const drawn = chart.current.renderToCanvas({ pixelRatio: PICTURE_SCALE, backgroundColor: inks.paper });
    const picture = await pictureOf(drawn, { title, unit, source: said }, inks);
    if (picture) saveAs(picture, `${props.name}.png`);
  };
  const items = [
    { key: "png", label: "PNG", onClick: savePicture },
    { key: "csv", label: "CSV", onClick: () => figures && saveAs(csvOf(figures), `${props.name}.csv`) },
  ];
  const isEmpty = figures?.rows.length === 0;
  return (
    <section className={props.isWide ? "chart wide" : "chart"} aria-labelledby={id}>
      <div className="heading">
        <div>
          <h2 id={id}>{title}</h2>
          <p className="unit">{unit}</p>
        </div>
        {figures && !isEmpty && (
          <div className="acts">
            <Button aria-pressed={isTable} onClick={() => setTable(!isTable)}>
              {say("console.chart.table")}
            </Button>
            <Dropdown menu={{ items }} trigger={["click"]}>
              <Button>{say("console.table.export")}</Button>
            </Dropdown>
          </div>
        )}
      </div>
      {error && !figures && <Trouble error={error} {...(props.again && { again: props.again })} />}
      {!figures && !error && <Skeleton active />}
      {isEmpty && <p>{say("console.chart.empty")}</p>}
      {figures && !isEmpty && <Canvas {...props} figures={figures} chart={chart} />}
      {figures && !isEmpty && isTable && <FigureTable title={title} figures={figures} />}
      {figures && (
        <p className={error ? "source late" : "source"} role={error ? "status" : undefined}>
          {error ? say("console.chart.stale", { at: clockWithSeconds(at / 1000, language) }) : said}
        </p>
      )}
    </section>
  );
}

interface Drawn extends Props {
  readonly figures: Figures;
  readonly chart: React.RefObject<EChartsType | null>;
}

function Canvas({ title, unit, figures, draw, chart, summary, height = "usual", choose }: Drawn) {
  const place = useRef<HTMLDivElement>(null);
  const look = useLook();
  const [isReady, setReady] = useState(false);
  const chosen = useRef(choose);
  chosen.current = choose;
  useEffect(() => {
    let isGone = false;
    const resizing = new ResizeObserver(() => chart.current?.resize());
    void import("./engine.ts").then(({ init }) => {
      const element = place.current;
      if (isGone || element === null) return;
      chart.current = init(element);
      chart.current.on("click", (event) => {
        if (typeof event.dataIndex === "number") chosen.current?.(event.dataIndex);
      });
      resizing.observe(element);
      setReady(true);
    });
    return () => {
      isGone = true;
      resizing.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, [chart]);
  useEffect(() => {
    void look;
    if (!isReady || chart.current === null) return;
    const inks = inksOfPage();
    chart.current.setOption({ ...usual(inks), ...draw(inks, figures) }, { notMerge: true, lazyUpdate: true });
  }, [chart, isReady, figures, draw, look]);
  return (
    <div
      ref={place}
      className={`canvas ${height}`}
      role="img"
      aria-label={summary ?? `${title}. ${unit}`}
      data-drawn={isReady || undefined}
    />
  );
}

/** What all charts have in common. A tooltip is drawn, too: as HTML it would have style attributes. */
function usual(inks: Inks): Option {
  const text = { fontFamily: inks.font, fontSize: inks.size };
  return {
    color: [...inks.series],
    animation: !calm.matches,
    animationDuration: 300,
    animationDurationUpdate: 0,
    textStyle: { ...text, color: inks.ink },
    grid: { left: 8, right: 16, top: 40, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: { top: 0, right: 0, itemGap: 16, textStyle: { ...text, color: inks.ink }, inactiveColor: inks.line },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: inks.paper,
      borderColor: inks.line,
      textStyle: { ...text, color: inks.ink },
    },
  };
}

/** An axis in the page's colours, without lines that say nothing. */
export function axis(inks: Inks, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    axisLine: { lineStyle: { color: inks.line } },
    axisTick: { show: false },
    axisLabel: { color: inks.faint, fontSize: inks.size, hideOverlap: true },
    splitLine: { lineStyle: { color: inks.line } },
    ...more,
  };
}

function FigureTable({ title, figures }: { title: string; figures: Figures }) {
  return (
    // Long tables are scrolled, also by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: WCAG 2.1.1
    <section className="table" aria-label={title} tabIndex={0}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            {figures.columns.map((column) => (
              <th scope="col" key={column.name} className={column.digits === undefined ? undefined : "number"}>
                {column.heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {figures.rows.map((row) => (
            <tr key={row.join("\u0000")}>
              {figures.columns.map((column, at) => {
                const words = shownOf(column, row[at] ?? null);
                if (at === 0) {
                  return (
                    <th scope="row" key={column.name}>
                      {words}
                    </th>
                  );
                }
                return (
                  <td key={column.name} className={column.digits === undefined ? undefined : "number"}>
                    {words}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
