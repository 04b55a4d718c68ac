/**
 * The description key of a vertex whose result an image is committed at. When the chain of a result has such vertices,
 * the layers between two of them become one when an image is made; other solvers of LLB do not know the key and make a
 * layer of each step. The value is "true".
 */
export const COMMIT_MARK = "slipway.commit";
