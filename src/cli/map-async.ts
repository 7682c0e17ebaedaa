/** Each value of a stream, changed on its way. */
export async function* mapAsync<A, B>(
  values: AsyncIterable<A>,
  change: (value: A) => B,
): AsyncGenerator<B, void, undefined> {
  for await (const value of values) yield change(value);
}
