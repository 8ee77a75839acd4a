/** The camera for pages that are no application: they import this by its name, once somebody wants to scan. */

export const camera = () => import("./camera.ts");
