/** Links to the forms of what may be done, of those that the person may do. */

import { Button } from "antd";
import { useActs } from "../acts/acts.ts";
import { linkTo } from "../links.ts";

interface Props {
  readonly names: readonly string[];
  /** For what is done at a canteen. */
  readonly canteenId?: number;
}

export function Acts({ names, canteenId }: Props) {
  const acts = useActs().data ?? [];
  const known = names.flatMap((name) => acts.find((one) => one.name === name) ?? []);
  if (known.length === 0) return null;
  return (
    <div className="acts">
      {known.map((act) => (
        <Button key={act.name} href={linkTo(`/acts/${act.name}${act.of_row ? `/${canteenId}` : ""}`)}>
          {act.title}
        </Button>
      ))}
    </div>
  );
}
