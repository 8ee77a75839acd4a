/** What a request carries out, in people's words: fields before and after, and rows. Its body is the centre's. */

import { yuan } from "../../shared/formats.ts";
import { heading } from "../../shared/language.ts";
import type { Change } from "../changes/changes.tsx";
import type { Figures, Heading, Value } from "../charts/table.ts";
import type { Names } from "../names.ts";
import type { Asked } from "./inbox.tsx";
import type { Table } from "./items.tsx";
import type { Refunded } from "./refunded.ts";
import { say, texts } from "./words.ts";

type Body = Readonly<Record<string, unknown>>;

export interface Content {
  readonly changes: readonly Change[];
  readonly tables: readonly Table[];
  readonly facts: readonly (readonly [string, string])[];
}

const NOTHING: Content = { changes: [], tables: [], facts: [] };
const DAY_MS = 86_400_000;

/** The content of a request. `refunded`: what is known of the payment that a refund is about. */
export function contentOf(asked: Asked, names: Names, refunded: Refunded | null): Content {
  const body = (asked.body ?? {}) as Body;
  const made = OF_KIND[asked.kind];
  return made === undefined ? NOTHING : { ...NOTHING, ...made({ asked, body, names, refunded }) };
}

interface Given {
  readonly asked: Asked;
  readonly body: Body;
  readonly names: Names;
  readonly refunded: Refunded | null;
}

const rowsOf = (body: Body, member: string) => (body[member] ?? []) as Body[];
const fenOf = (value: unknown) => Number(value) / 100;

/** A word of the catalogue; the value itself where it has none. */
function word(prefix: string, value: unknown): string {
  const id = `${prefix}${value}`;
  return id in texts ? heading(texts[id as "meal.lunch"]) : String(value);
}

type Column = readonly [Heading, (row: Body) => Value];

function table(name: string, title: string, rows: readonly Body[], columns: readonly Column[]): Table {
  const figures: Figures = {
    columns: columns.map(([one]) => one),
    rows: rows.map((row) => columns.map(([, value]) => value(row))),
  };
  return { name, title, figures };
}

const words = (name: string, text: string): Heading => ({ name, heading: text });
const money = (name: string, text: string): Heading => ({ name, heading: text, digits: 2 });
const kilograms = (name: string, text: string): Heading => ({ name, heading: text, digits: 3 });

/** Grams in kilograms; nothing where there is no weight. */
function weight(grams: unknown): Value {
  return grams === null || grams === undefined ? null : Number(grams) / 1000;
}

function deposits({ body }: Given): Partial<Content> {
  const rows = rowsOf(body, "deposits");
  const file = body.file as Body | null | undefined;
  return {
    tables: [
      table("rows", say("console.inbox.rows", { count: rows.length }), rows, [
        [words("holder_id", say("console.inbox.holder")), (row) => String(row.holder_id)],
        [money("amount", say("console.inbox.amount")), (row) => fenOf(row.amount_fen)],
      ]),
    ],
    facts: file
      ? [
          [say("console.inbox.batch"), String(file.batch)],
          [say("console.inbox.sha256"), String(file.sha256)],
          ...(file.again ? [[say("console.inbox.again"), String(file.again)] as const] : []),
        ]
      : [],
  };
}

function refund({ body, refunded }: Given): Partial<Content> {
  const facts = [
    [say("console.inbox.payment"), String(body.payment)],
    [say("console.inbox.holder"), String(body.holder_id)],
  ] as const;
  if (refunded === null) return { facts };
  const { paidFen, backFen } = refunded;
  const after = backFen + Number(body.amount_fen);
  return {
    facts: [...facts, [say("console.inbox.paid"), yuan(paidFen)]],
    changes: [
      { field: say("console.inbox.given_back"), before: yuan(backFen), after: yuan(after), isNumber: true },
      {
        field: say("console.inbox.kept"),
        before: yuan(paidFen - backFen),
        after: yuan(paidFen - after),
        isNumber: true,
      },
    ],
  };
}

function closure({ body }: Given): Partial<Content> {
  return {
    facts: [[say("console.inbox.holder"), String(body.holder_id)]],
    changes: [
      { field: say("console.inbox.account"), before: say("console.inbox.open"), after: say("console.inbox.closed") },
      { field: say("console.inbox.cash"), before: yuan(Number(body.cash_fen)), after: yuan(0), isNumber: true },
    ],
  };
}

function moves({ body, names }: Given): Partial<Content> {
  const rows = rowsOf(body, "moves");
  const agency = (id: unknown) => names.agency(Number(id));
  return {
    tables: [
      table("rows", say("console.inbox.rows", { count: rows.length }), rows, [
        [words("holder_id", say("console.inbox.holder")), (row) => String(row.holder_id)],
        [words("agency_id", say("console.inbox.from_agency")), (row) => agency(row.agency_id)],
        [words("to_agency_id", say("console.inbox.to_agency")), (row) => agency(row.to_agency_id)],
        [words("to_holder_id", say("console.inbox.to_holder")), (row) => String(row.to_holder_id)],
      ]),
    ],
  };
}

const ACCOUNT = ["holder_name", "number", "bank"] as const;

function bankAccount({ body, names }: Given): Partial<Content> {
  const before = (body.replaces ?? {}) as Body;
  const after = body.account as Body;
  return {
    facts: [
      [
        say("console.inbox.of_account"),
        Number(body.agency_id) === 0 ? say("console.inbox.centre") : names.agency(Number(body.agency_id)),
      ],
      [say("console.inbox.cooling"), say("console.inbox.hours", { hours: Number(body.cooling_h) })],
    ],
    changes: ACCOUNT.map((name) => ({
      field: say(`console.inbox.account.${name}`),
      before: String(before[name] ?? ""),
      after: String(after[name]),
    })),
  };
}

function bankFile({ body }: Given): Partial<Content> {
  const rows = rowsOf(body, "payments");
  const column = (name: (typeof ACCOUNT)[number]): Column => [
    words(name, say(`console.inbox.account.${name}`)),
    (row) => String(row[name]),
  ];
  return {
    facts: [
      [say("console.inbox.day"), String(body.business_date)],
      [say("console.inbox.sha256"), String(body.sha256)],
    ],
    tables: [
      table("rows", say("console.inbox.rows", { count: rows.length }), rows, [
        ...ACCOUNT.map(column),
        [words("reference", say("console.inbox.reference")), (row) => String(row.reference)],
        [money("amount", say("console.inbox.amount")), (row) => fenOf(row.amount_fen)],
      ]),
    ],
  };
}

function closeDay({ asked, body }: Given): Partial<Content> {
  const day = String(body.business_date);
  const cutOff = Date.parse(`${String(body.cut_off).replace(" ", "T")}:00+08:00`);
  const minutes = Math.round((cutOff - Date.parse(asked.made_at)) / 60_000);
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
  return {
    facts: [
      [say("console.inbox.cut_off"), String(body.cut_off)],
      [
        say("console.inbox.early"),
        say("console.inbox.hours_minutes", { hours: Math.floor(minutes / 60), minutes: minutes % 60 }),
      ],
    ],
    changes: [{ field: say("console.inbox.open_day"), before: day, after: next }],
  };
}

function corrections({ body, names }: Given): Partial<Content> {
  const rows = rowsOf(body, "corrections");
  return {
    tables: [
      table("rows", say("console.inbox.rows", { count: rows.length }), rows, [
        [words("canteen", say("console.named.canteen_id")), (row) => canteen(row, names)],
        [words("day", say("console.inbox.day")), (row) => String(row.business_date)],
        [words("meal", say("console.inbox.meal")), (row) => word("meal.", row.meal)],
        [words("stream", say("console.inbox.stream")), (row) => word("measures.stream.", row.stream)],
        [kilograms("before", say("console.inbox.kg_before")), (row) => weight(row.before_g)],
        [
          kilograms("after", say("console.inbox.kg_after")),
          (row) => weight((row.correction as Body).weight_g) ?? say("console.inbox.withdrawn"),
        ],
      ]),
    ],
  };
}

function materials({ body, names }: Given): Partial<Content> {
  const rows = rowsOf(body, "entries");
  const fen = (value: unknown): Value => (value === null || value === undefined ? null : fenOf(value));
  return {
    tables: [
      table("rows", say("console.inbox.rows", { count: rows.length }), rows, [
        [words("canteen", say("console.named.canteen_id")), (row) => canteen(row, names)],
        [words("day", say("console.inbox.day")), (row) => String(row.on_day)],
        [
          words("entry", say("console.inbox.entry")),
          (row) => `${word("material.kind.", row.kind)} · ${word("materials.destination.", row.item)}`,
        ],
        [kilograms("before", say("console.inbox.kg_before")), (row) => weight(row.before_g)],
        [kilograms("after", say("console.inbox.kg_after")), (row) => weight((row.correction as Body).weight_g)],
        [money("yuan_before", say("console.inbox.yuan_before")), (row) => fen(row.before_fen)],
        [money("yuan_after", say("console.inbox.yuan_after")), (row) => fen((row.correction as Body).cost_fen)],
      ]),
    ],
  };
}

function canteen(row: Body, names: Names): string {
  return names.of("canteen_id", row.canteen_id)?.name ?? String(row.canteen_id);
}

function leavers({ body }: Given): Partial<Content> {
  const people = (body.identities ?? []) as unknown[];
  return {
    facts: [[say("console.inbox.provider"), String(body.provider)]],
    changes: [
      {
        field: say("console.inbox.identities", { count: people.length }),
        before: say("console.inbox.bound"),
        after: say("console.inbox.ended"),
      },
    ],
  };
}

const OF_KIND: Readonly<Record<string, (given: Given) => Partial<Content>>> = {
  top_up: deposits,
  grant: deposits,
  grant_file: deposits,
  refund,
  closure,
  move: moves,
  bank_account: bankAccount,
  bank_file: bankFile,
  close_day: closeDay,
  correction: corrections,
  material_correction: materials,
  directory_leavers: leavers,
};
