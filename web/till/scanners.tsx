/** Which scanners the till has beside the one that types: a camera, and one at a serial port. Kept on the device. */

import { useEffect, useRef, useState } from "preact/hooks";
import { lookForCodes } from "../shared/camera.ts";
import type { Register } from "./register.ts";
import { hasSerial, readSerial } from "./serial.ts";
import { say } from "./words.ts";

const CAMERA_KEY = "camera";

export function Scanners({ register }: { register: Register }) {
  const [looks, setLooks] = useState(() => localStorage.getItem(CAMERA_KEY) === "on");
  const change = (on: boolean) => {
    localStorage.setItem(CAMERA_KEY, on ? "on" : "off");
    setLooks(on);
  };
  return (
    <>
      <button type="button" class="act" aria-pressed={looks} onClick={() => change(!looks)}>
        {say("till.camera")}
      </button>
      {hasSerial() && <SerialScanner register={register} />}
      {looks && <Camera register={register} end={() => change(false)} />}
    </>
  );
}

function Camera({ register, end }: { register: Register; end: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const stop = new AbortController();
    if (video.current) {
      const scanned = (text: string) => void register.scan(text);
      lookForCodes(video.current, () => register.isFree, scanned, stop.signal).catch(() =>
        setProblem(say("till.camera.none")),
      );
    }
    return () => stop.abort();
  }, [register]);
  if (!problem) return <video ref={video} class="camera" muted playsInline aria-label={say("till.camera.picture")} />;
  return (
    <p class="warning" role="alert">
      {problem}{" "}
      <button type="button" class="act" onClick={end}>
        {say("till.close")}
      </button>
    </p>
  );
}

function SerialScanner({ register }: { register: Register }) {
  const [isRead, setIsRead] = useState(false);
  const read = (isAsked: boolean) => {
    setIsRead(true);
    void readSerial(isAsked, (text) => void register.scan(text), register.stopped)
      // Nobody chose a port, or it was unplugged.
      .catch(() => undefined)
      .finally(() => setIsRead(false));
  };
  useEffect(() => read(false), [register]);
  return (
    <button type="button" class="act" disabled={isRead} onClick={() => read(true)}>
      {say(isRead ? "till.serial.on" : "till.serial")}
    </button>
  );
}
