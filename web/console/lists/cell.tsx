/** A value of a row as people read it: by its kind, with the name of what a number is the number of. */

import { yuan } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { linkTo } from "../links.ts";
import type { Names } from "../names.ts";
import { say } from "../words.ts";
import type { Column } from "./lists.ts";

const ZONE = "Asia/Shanghai";
const TIME = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: ZONE });
const BETWEEN = language === "zh" ? "、" : ", ";

export function isNumeric(column: Column): boolean {
  return (
    column.kind === "money" || (column.kind === "number" && !/(_id|_agency|^book|_book|^epoch)$/.test(column.name))
  );
}

/** The words of one value, without a mark-up. */
export function wordsOf(column: Column, value: unknown): string {
  if (value === null || value === undefined || value === "") return "";
  switch (column.kind) {
    case "money":
      return yuan(Number(value));
    case "time":
      return TIME.format(Date.parse(String(value)));
    case "yes_no":
      return say(value ? "console.table.yes" : "console.table.no");
    case "word":
      return column.words.find((one) => one.value === value)?.word ?? String(value);
    case "words":
      return (value as unknown[])
        .map((each) => column.words.find((one) => one.value === each)?.word ?? String(each))
        .join(BETWEEN);
    case "members":
      return Object.entries(value as object)
        .map(([name, each]) => `${name} ${typeof each === "object" ? JSON.stringify(each) : each}`)
        .join(BETWEEN);
    default:
      return String(value);
  }
}

export function Cell({ column, value, names }: { column: Column; value: unknown; names: Names }) {
  const named = names.of(column.name, value);
  if (named) {
    return (
      <a href={linkTo(named.path)} title={String(value)}>
        {named.name}
      </a>
    );
  }
  const words = wordsOf(column, value);
  if (column.kind === "money" && Number(value) < 0) return <span className="negative">{words}</span>;
  return words;
}
