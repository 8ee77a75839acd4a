/** A table in a frame of its own, in which it is scrolled where the screen is too small, also by keyboard. */

import type { ReactNode } from "react";

/** A heading, or a number's: those stand at the right. */
export type Head = string | { readonly number: string };

interface FramedProps {
  /** The id of the heading above it. */
  readonly labelledBy: string;
  readonly caption: string;
  readonly heads: readonly Head[];
  /** Long tables are as high as a card, and scrolled. */
  readonly isShort?: boolean;
  readonly children: ReactNode;
}

export function Framed({ labelledBy, caption, heads, isShort = false, children }: FramedProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keyboard, too
    <section className={isShort ? "table short" : "table"} aria-labelledby={labelledBy} tabIndex={0}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {heads.map((head) => {
              const text = typeof head === "string" ? head : head.number;
              return (
                <th key={text} scope="col" className={typeof head === "string" ? undefined : "number"}>
                  {text}
                </th>
              );
            })}
          </tr>
        </thead>
        {children}
      </table>
    </section>
  );
}
