/** A dialog of the browser's own: it holds the focus, Escape closes it, and what is behind it is inert. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { say } from "./words.ts";

interface Given {
  readonly title: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, close, children }: Given) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    dialog.current?.showModal();
    // Where something is typed or scanned into it, that is first.
    dialog.current?.querySelector<HTMLInputElement>("input:not([type=radio])")?.focus();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={close}>
      <div class="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button type="button" class="plain" onClick={close}>
          {say("till.close")}
        </button>
      </div>
      {children}
    </dialog>
  );
}
