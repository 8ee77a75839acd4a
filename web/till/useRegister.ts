/** A component shows the register as it is, and again whenever it has changed. */

import { useEffect, useReducer } from "preact/hooks";
import type { Register } from "./register.ts";

export function useRegister(register: Register): void {
  const [, again] = useReducer((times: number) => times + 1, 0);
  useEffect(() => register.watch(() => again(undefined)), [register]);
}
