/** A finding in words: from the texts of whichever application shows it. */

import { sayer, type Texts } from "../texts.ts";
import type { Finding } from "./checks.ts";

export interface Said {
  readonly name: string;
  readonly detail: string;
}

export function sayerOfFindings(texts: Texts): (finding: Finding) => Said {
  const say = sayer(texts, texts) as (id: string, params?: Finding["params"]) => string;
  return ({ code, detail, params }) => ({
    name: say(`audit.check.${code}`),
    detail: say(`audit.detail.${detail}`, params),
  });
}
