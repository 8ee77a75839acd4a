/** A chart as a picture that says what it is when it lies elsewhere: title and unit above, source and time below. */

import type { Inks } from "./inks.ts";

const SCALE = 2;

export interface Labels {
  readonly title: string;
  readonly unit: string;
  readonly source: string;
}

export function pictureOf(drawn: HTMLCanvasElement, labels: Labels, inks: Inks): Promise<Blob | null> {
  const line = inks.size * SCALE * 1.6;
  const edge = line;
  const canvas = document.createElement("canvas");
  canvas.width = drawn.width + 2 * edge;
  canvas.height = drawn.height + 5 * line;
  const brush = canvas.getContext("2d");
  if (brush === null) return Promise.resolve(null);
  const write = (text: string, y: number, colour: string, font: string) => {
    brush.fillStyle = colour;
    brush.font = `${font} ${inks.font}`;
    brush.fillText(text, edge, y, drawn.width);
  };
  brush.fillStyle = inks.paper;
  brush.fillRect(0, 0, canvas.width, canvas.height);
  write(labels.title, 1.4 * line, inks.ink, `600 ${inks.size * SCALE * 1.2}px`);
  write(labels.unit, 2.4 * line, inks.faint, `${inks.size * SCALE}px`);
  brush.drawImage(drawn, edge, 3 * line);
  write(labels.source, drawn.height + 4.2 * line, inks.faint, `${inks.size * SCALE}px`);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

export const PICTURE_SCALE = SCALE;
