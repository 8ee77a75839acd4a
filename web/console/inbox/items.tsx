/** The rows of a request: a payroll file's grants, the payments of a bank file. */

import { Button } from "antd";
import { Framed } from "../charts/framed.tsx";
import { csvOf, type Figures, shownOf } from "../charts/table.ts";
import { saveAs } from "../saving.ts";
import { say } from "./words.ts";

const ROWS_SHOWN = 200;

export interface Table {
  readonly name: string;
  readonly title: string;
  readonly figures: Figures;
}

export function Items({ table, number }: { table: Table; number: number }) {
  const { columns, rows } = table.figures;
  const heads = columns.map((column) => (column.digits === undefined ? column.heading : { number: column.heading }));
  return (
    <div className="rows">
      <div className="heading">
        <h3 id={table.name}>{table.title}</h3>
        <Button onClick={() => saveAs(csvOf(table.figures), `onecard-approval-${number}.csv`)}>
          {say("console.inbox.save")}
        </Button>
      </div>
      <Framed labelledBy={table.name} caption={table.title} heads={heads} isShort>
        <tbody>
          {rows.slice(0, ROWS_SHOWN).map((row, at) => (
            <tr key={at}>
              {columns.map((column, place) => (
                <td key={column.name} className={column.digits === undefined ? undefined : "number"}>
                  {shownOf(column, row[place] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </Framed>
      {rows.length > ROWS_SHOWN && (
        <p className="unit">{say("console.inbox.first", { shown: ROWS_SHOWN, all: rows.length })}</p>
      )}
    </div>
  );
}
