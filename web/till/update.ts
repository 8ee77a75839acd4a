/** A newer build waits in the service worker; it begins with a page that is loaded anew, between two diners. */

import { useEffect, useState } from "preact/hooks";

const LOOK_EVERY_MS = 3_600_000;

/** What applies a newer build; null while there is none. */
export function useUpdate(): (() => void) | null {
  const [waiting, setWaiting] = useState<ServiceWorker | null>(null);
  useEffect(() => {
    let timer = 0;
    void navigator.serviceWorker?.ready.then((registration) => {
      const look = () => setWaiting(registration.waiting);
      look();
      registration.addEventListener("updatefound", () =>
        registration.installing?.addEventListener("statechange", look),
      );
      timer = window.setInterval(() => registration.update().catch(() => undefined), LOOK_EVERY_MS);
    });
    return () => clearInterval(timer);
  }, []);
  if (!waiting) return null;
  return () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting.postMessage("take over");
  };
}
