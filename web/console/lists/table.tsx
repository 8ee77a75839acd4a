/** Rows of a list as a table: headings that say what they are, numbers to the right, each row a link to itself. */

import { linkTo } from "../links.ts";
import { headingOf, isNamed, useNames } from "../names.ts";
import { say } from "../words.ts";
import { Cell, isNumeric, wordsOf } from "./cell.tsx";
import { addressOf, type Column, type List, type Row } from "./lists.ts";

interface Props {
  readonly list: List;
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
  /** Of a column by which the list can be put in order: how it is, and a way to change it. */
  readonly order?: { readonly by: string; change(by: string): void };
}

export function Table({ list, rows, columns, order }: Props) {
  const names = useNames();
  // What a row is called by: a part of its key that is its own, not the name of something else.
  const own = list.key.find((member) => !isNamed(member)) ?? list.key[0];
  const inOrder = [...columns].sort((a, b) => Number(b.name === own) - Number(a.name === own));
  return (
    <section className="table" aria-label={list.title}>
      <table>
        <caption>{list.title}</caption>
        <thead>
          <tr>
            {inOrder.map((column) => (
              <Heading key={column.name} list={list} column={column} {...(order && { order })} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={addressOf(list, row)}>
              {inOrder.map((column, at) =>
                at === 0 ? (
                  <th scope="row" key={column.name} className={isNumeric(column) ? "number" : undefined}>
                    <a href={linkTo(addressOf(list, row))}>{wordsOf(column, row[column.name]) || "—"}</a>
                  </th>
                ) : (
                  <td key={column.name} className={isNumeric(column) ? "number" : undefined}>
                    <Cell column={column} value={row[column.name]} names={names} />
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Heading({ list, column, order }: { list: List; column: Column; order?: Props["order"] }) {
  const className = isNumeric(column) ? "number" : undefined;
  if (!order || !list.sorts.includes(column.name)) {
    return (
      <th scope="col" className={className}>
        {headingOf(column)}
      </th>
    );
  }
  const isUp = order.by === column.name;
  const isDown = order.by === `-${column.name}`;
  return (
    <th scope="col" className={className} aria-sort={isUp ? "ascending" : isDown ? "descending" : "none"}>
      <button
        type="button"
        title={say("console.table.sort")}
        onClick={() => order.change(isUp ? `-${column.name}` : column.name)}
      >
        {headingOf(column)}
        <span aria-hidden="true">{isUp ? " ▲" : isDown ? " ▼" : " ↕"}</span>
      </button>
    </th>
  );
}
