/** A page for those who have its permission, or any of them; for others it is not there. */

import type { ReactNode } from "react";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { say } from "../words.ts";

interface AllowedProps {
  readonly permission: string | readonly string[];
  readonly children: ReactNode;
}

export function Allowed({ permission, children }: AllowedProps) {
  const { permissions } = useSession();
  if ([permission].flat().some((one) => permissions.has(one))) return children;
  return <Trouble error={new Error(say("console.error.no_permission"))} />;
}
