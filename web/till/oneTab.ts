/** A till is open in one tab: the journal and the numbers of a terminal belong to one program. */

const NAME = "onecard till";

/**
 * Hold the till for this tab; false when another tab has it, unless `takeOver`. `lost` is called when another tab takes
 * over.
 */
export function holdTill(takeOver: boolean, lost: () => void): Promise<boolean> {
  return new Promise((resolve) => {
    const options = takeOver ? { steal: true } : { ifAvailable: true };
    navigator.locks
      .request(NAME, options, (lock) => {
        resolve(lock !== null);
        // Held until the page goes, or another tab takes it.
        return lock === null ? undefined : new Promise(() => undefined);
      })
      .catch(lost);
  });
}
