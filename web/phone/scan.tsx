/** Scan the code that hangs at a canteen's counter: with the camera, or from a picture of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { codeInPicture, lookForCodes } from "../shared/camera.ts";
import { readSheet } from "../shared/terminal/sheets.ts";
import { Below, Problem } from "./parts.tsx";
import { say } from "./words.ts";

export function Scan() {
  const video = useRef<HTMLVideoElement>(null);
  const [problem, setProblem] = useState("");
  const [hasCamera, setHasCamera] = useState(true);
  const scanned = (text: string) => {
    const code = readSheet(text);
    if (text === "") setProblem(say("phone.scan.nothing"));
    else if (code === null) setProblem(say("phone.scan.not_ours"));
    else location.replace(`#sheet=${code}`);
  };
  useEffect(() => {
    const stop = new AbortController();
    if (video.current) {
      lookForCodes(video.current, () => true, scanned, stop.signal).catch(() => setHasCamera(false));
    }
    return () => stop.abort();
  }, []);
  const picture = async (event: Event) => {
    const file = (event.currentTarget as HTMLInputElement).files?.[0];
    if (file) scanned(await codeInPicture(file));
  };
  return (
    <Below to="#pay" back={say("phone.place.pay")} title={say("phone.scan")}>
      <Problem said={problem} />
      {hasCamera ? (
        <video ref={video} class="camera" muted playsInline aria-label={say("phone.scan.picture")} />
      ) : (
        <p class="notice">{say("phone.scan.no_camera")}</p>
      )}
      <p class="about">{say("phone.scan.how")}</p>
      <label class="plain file">
        {say("phone.scan.file")}
        <input type="file" accept="image/*" capture="environment" onChange={picture} />
      </label>
    </Below>
  );
}
