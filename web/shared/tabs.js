/**
 * What the tabs of a browser tell each other.
 * @param {string} name of the channel
 */
export function tabs(name) {
  const channel = new BroadcastChannel(name);
  return {
    /** @param {unknown} message for all tabs but this one */
    tell: (message) => channel.postMessage(message),
    /** @param {(message: unknown) => void} act */
    whenTold: (act) => {
      channel.onmessage = ({ data }) => act(data);
    },
  };
}
