/** A row of a list by dates: what it changes against the version before it, and what a coming one will change. */

import { useQuery } from "@tanstack/react-query";
import { dayOf, longDay } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { isNumeric, wordsOf } from "../lists/cell.tsx";
import { type List, type Row, readPage } from "../lists/lists.ts";
import { headingOf, type Names, useNames } from "../names.ts";
import { Trouble } from "../trouble.tsx";
import { type Change, Changes } from "./changes.tsx";
import { say } from "./words.ts";

const VERSIONS_MAX = 200;

/** Whether a list has its rows from a day on. */
export function isDated(list: List): boolean {
  return list.path === "/settlement/rules" || list.path === "/settlement/agreements";
}

const dayFrom = (row: Row) => String(row.valid_from);

function changesOf(list: List, before: Row | undefined, after: Row, names: Names): Change[] {
  const words = (column: List["columns"][number], row: Row | undefined) =>
    row === undefined ? "" : (names.of(column.name, row[column.name])?.name ?? wordsOf(column, row[column.name]));
  const isOther = (name: string) => before === undefined || before[name] !== after[name];
  return list.columns
    .filter((column) => !list.key.includes(column.name) && isOther(column.name))
    .map((column) => ({
      field: headingOf(column),
      before: words(column, before),
      after: words(column, after),
      isNumber: isNumeric(column),
    }));
}

export function Versions({ list, row }: { list: List; row: Row }) {
  const names = useNames();
  const subject = list.key.filter((member) => member !== "valid_from");
  const same = Object.fromEntries(subject.map((member) => [member, String(row[member])]));
  const { data, error, refetch } = useQuery({
    queryKey: ["versions", list.path, same],
    queryFn: () => readPage(list, { ...same, sort: "-number", limit: String(VERSIONS_MAX) }),
  });
  if (error) return <Trouble error={error} again={refetch} />;
  if (!data) return null;
  const all = [...data.items].sort((a, b) => dayFrom(a).localeCompare(dayFrom(b)));
  const today = dayOf(Date.now());
  const coming = all.filter((one) => dayFrom(one) > today && dayFrom(one) > dayFrom(row));
  return [row, ...coming].map((after) => {
    const day = dayFrom(after);
    const before = all.filter((one) => dayFrom(one) < day).at(-1);
    return (
      <Version key={day} day={day} before={before} changes={changesOf(list, before, after, names)} today={today} />
    );
  });
}

interface VersionProps {
  readonly day: string;
  readonly before: Row | undefined;
  readonly changes: readonly Change[];
  readonly today: string;
}

function Version({ day, before, changes, today }: VersionProps) {
  const id = `version-${day}`;
  const from = longDay(day, language);
  return (
    <section>
      <h2 id={id}>{say(day > today ? "console.changes.coming" : "console.changes.version", { day: from })}</h2>
      <p className="unit">
        {before === undefined
          ? say("console.changes.first")
          : say("console.changes.against", { day: longDay(dayFrom(before), language) })}
      </p>
      {before !== undefined && changes.length === 0 && <p className="calm">{say("console.changes.nothing")}</p>}
      {before !== undefined && changes.length > 0 && <Changes labelledBy={id} changes={changes} />}
    </section>
  );
}
