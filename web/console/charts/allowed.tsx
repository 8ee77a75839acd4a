/** A page for those who have its permission; for others it is not there. */

import type { ReactNode } from "react";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { say } from "../words.ts";

export function Allowed({ permission, children }: { permission: string; children: ReactNode }) {
  if (useSession().permissions.has(permission)) return children;
  return <Trouble error={new Error(say("console.error.no_permission"))} />;
}
