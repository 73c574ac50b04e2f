/**
 * Answers the page's calls of a worker.
 * @param {Object<string, function(any): any>} methods each may return a promise
 */
export function serve(methods) {
  addEventListener("message", async ({ data: { call, method, argument } }) => {
    try {
      postMessage({ call, value: await methods[method](argument) });
    } catch (error) {
      postMessage({ call, error: error?.stack || String(error) });
    }
  });
}
