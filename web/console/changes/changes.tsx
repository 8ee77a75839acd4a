/** What a change makes of each field: the words of before beside those of after. */

import { Framed } from "../charts/framed.tsx";
import { say } from "./words.ts";
import "./changes.css";

export interface Change {
  readonly field: string;
  /** "": nothing was there. */
  readonly before: string;
  /** "": nothing will be there. */
  readonly after: string;
  /** Numbers stand at the right. */
  readonly isNumber?: boolean;
}

interface Props {
  readonly labelledBy: string;
  readonly changes: readonly Change[];
}

export function Changes({ labelledBy, changes }: Props) {
  // In one column numbers stand at the right, or words at the left.
  const side = changes.every((one) => one.isNumber) ? "number" : undefined;
  const heads = (["field", "before", "after"] as const).map((name, at) => {
    const head = say(`console.changes.${name}`);
    return at > 0 && side ? { number: head } : head;
  });
  return (
    <Framed labelledBy={labelledBy} caption={say("console.changes.caption")} heads={heads}>
      <tbody className="changes">
        {changes.map(({ field, before, after }) => (
          <tr key={field}>
            <th scope="row">{field}</th>
            <td className={side}>
              {before === after ? <Words text={before} /> : <del>{<Words text={before} />}</del>}
            </td>
            <td className={side}>
              {before === after ? say("console.changes.same") : <ins>{<Words text={after} />}</ins>}
            </td>
          </tr>
        ))}
      </tbody>
    </Framed>
  );
}

function Words({ text }: { text: string }) {
  return text === "" ? say("console.changes.none") : text;
}
