/** Reads QR codes in pictures, beside the page: it is the wasm of zxing-cpp, served by ourselves. */

import { prepareZXingModule, type ReaderOptions, readBarcodes } from "zxing-wasm/reader";
import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";

const OPTIONS: ReaderOptions = {
  formats: ["QRCode"],
  maxNumberOfSymbols: 1,
  tryHarder: false,
  tryRotate: false,
  tryInvert: false,
};

void prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true }).catch(() => undefined);

/** Answers each picture with the code in it, an empty text for none, and null when it cannot read at all. */
addEventListener("message", ({ data }: MessageEvent<ImageData>) => {
  readBarcodes(data, OPTIONS).then(
    ([found]) => postMessage(found?.text ?? ""),
    () => postMessage(null),
  );
});
