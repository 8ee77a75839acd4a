/** Who is signed in, and what he may do. Nobody: the browser goes to the sign-in, and comes back to where it was. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { createContext, type ReactNode, useContext, useEffect } from "react";
import { forgetTyped } from "../shared/signedIn.js";
import { centre, currentPerson, held, type Person, pageOfSignIn, Refused } from "./centre.ts";
import { Trouble } from "./trouble.tsx";

export interface SignedIn extends Person {
  readonly permissions: ReadonlySet<string>;
  readonly roleName: { readonly zh: string; readonly en: string };
}

const SessionContext = createContext<SignedIn | null>(null);
const LOOK_AGAIN_MS = 60_000;

export function useSession(): SignedIn {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("outside of Session");
  return session;
}

async function signedIn(): Promise<SignedIn | null> {
  const person = await currentPerson();
  forgetTyped(person.login);
  if (person.second_factor_missing) {
    location.assign(pageOfSignIn("/account"));
    return null;
  }
  const roles = await held(centre.GET("/console/roles"));
  const role = roles.find((one) => one.role === person.role);
  return {
    ...person,
    permissions: new Set(role?.permissions.map((one) => one.permission)),
    roleName: { zh: role?.name_zh ?? person.role, en: role?.name_en ?? person.role },
  };
}

export function Session({ children }: { children: ReactNode }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["session"],
    queryFn: signedIn,
    refetchInterval: LOOK_AGAIN_MS,
  });
  const queries = useQueryClient();
  const isOut = error instanceof Refused && error.status === 401;
  useEffect(() => {
    if (isOut) location.assign(pageOfSignIn("/sign-on"));
  }, [isOut]);
  useEffect(
    () =>
      // A session that has ended shows at whatever is asked next.
      queries.getQueryCache().subscribe(({ query }) => {
        const refused = query.state.error;
        if (refused instanceof Refused && refused.status === 401 && query.queryKey[0] !== "session") void refetch();
      }),
    [queries, refetch],
  );
  if (data) return <SessionContext value={data}>{children}</SessionContext>;
  if (error && !isOut) return <Trouble error={error} again={refetch} />;
  return <Skeleton active className="page" />;
}
