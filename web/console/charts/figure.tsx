/** One number that says what it is: label, unit, and what it is compared with. */

import type { ReactNode } from "react";

interface Props {
  readonly label: string;
  readonly value: string;
  readonly unit: string;
  readonly children?: ReactNode;
}

export function Figure({ label, value, unit, children }: Props) {
  return (
    <div className="figure">
      <dt>{label}</dt>
      <dd>
        <strong>{value}</strong> {unit}
        <br />
        <small>{children}</small>
      </dd>
    </div>
  );
}
