/** All that is kept of the holder, as a page to read and print: money in yuan, times at the centre, names in words. */

import { dayOf, longDay, yuan } from "../shared/formats.ts";
import { heading, inMine, language, tag } from "../shared/language.ts";
import type { Everything } from "./me.ts";
import { say, word } from "./words.ts";

const STYLE =
  "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;" +
  "width:100%;margin-bottom:2rem}td,th{border:1px solid #999;padding:.3rem .5rem;text-align:left}" +
  "td.fen{text-align:right;white-space:nowrap}@media print{thead{display:table-header-group}}";

/** A cell: text, an amount in fen, or nothing. */
type Cell = string | number | null;

interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** The page, complete in itself. */
export function readable(all: Everything): string {
  const title = `${say("phone.title")} · ${say("phone.copy.title", { name: all.name })}`;
  const tables = tablesOf(all).filter(({ rows }) => rows.length > 0);
  return [
    `<!doctype html><html lang="${tag}"><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style>`,
    `<h1>${escaped(title)}</h1>`,
    `<p>${escaped(say("phone.copy.made", { at: moment(all.made_at) }))}</p>`,
    ...tables.map(tableText),
    `<p>${escaped(say("phone.copy.rest"))}</p></html>`,
  ].join("\n");
}

function tablesOf(all: Everything): Table[] {
  const [date, canteen, meal] = [say("phone.copy.time"), say("phone.copy.canteen"), say("phone.copy.meal")];
  const [cash, subsidy] = [`${say("phone.purse.cash")} ¥`, `${say("phone.purse.subsidy")} ¥`];
  const [first, last, state] = [say("phone.visits.first_day"), say("phone.visits.last_day"), say("phone.copy.state")];
  return [
    {
      title: say("phone.balance"),
      columns: [say("phone.copy.holder"), cash, subsidy],
      rows: [[String(all.account.holder_id), all.account.cash_fen, all.account.subsidy_fen]],
    },
    {
      title: say("phone.place.bills"),
      columns: [date, say("phone.copy.kind"), canteen, meal, cash, subsidy, say("phone.copy.number")],
      rows: all.movements.map((one) => [
        moment(one.purchased_at ?? one.posted_at),
        heading(word("transfer.kind", one.kind)),
        one.canteen_zh && inMine(one.canteen_zh, one.canteen_en),
        one.meal && heading(word("meal", one.meal)),
        one.cash_change_fen,
        one.subsidy_change_fen,
        one.number,
      ]),
    },
    {
      title: say("phone.visits"),
      columns: [say("phone.visits.which_host"), first, last, state, say("phone.visits.reason")],
      rows: all.visits.map((one) => [
        inMine(one.host_zh, one.host_en),
        day(one.first_day),
        day(one.last_day),
        say(`phone.visits.${one.state}`),
        one.reason,
      ]),
    },
    {
      title: say("phone.booked"),
      columns: [date, canteen, meal, state],
      rows: all.bookings.bookings.map((one) => [
        day(one.business_date),
        inMine(one.canteen_zh, one.canteen_en),
        heading(word("meal", one.meal)),
        say(one.state === "booked" ? "phone.booked.here" : "phone.copy.cancelled"),
      ]),
    },
    {
      title: say("phone.credentials"),
      columns: [date, say("phone.copy.kind"), state],
      rows: all.account.credentials.map((one) => [
        moment(one.issued_at),
        say(one.kind === "card" ? "phone.credential.card" : "phone.credential.phone"),
        say(one.state === "active" ? "phone.copy.active" : "phone.credential.blocked"),
      ]),
    },
    {
      title: say("phone.consents"),
      columns: [say("phone.copy.what"), state],
      rows: all.consents.consents.map((one) => [
        inMine(one.text_zh, one.text_en),
        say(one.given ? "phone.copy.given" : "phone.copy.not_given"),
      ]),
    },
  ];
}

function tableText({ title, columns, rows }: Table): string {
  const head = columns.map((name) => `<th>${escaped(name)}</th>`).join("");
  const body = rows.map((cells) => `<tr>${cells.map(cellText).join("")}</tr>`).join("\n");
  return `<h2>${escaped(title)}</h2><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function cellText(cell: Cell): string {
  return typeof cell === "number" ? `<td class="fen">${yuan(cell)}</td>` : `<td>${escaped(cell ?? "")}</td>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function day(date: string): string {
  return longDay(date, language);
}

function moment(at: string): string {
  const time = Date.parse(at);
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Shanghai", timeStyle: "short" }).format(time);
  return `${day(dayOf(time))} ${clock}`;
}
