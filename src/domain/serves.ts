/** Whether who serves these queues takes jobs of this one; null means all queues. */
export function serves(queues: readonly string[] | null, queue: string): boolean {
  return queues === null || queues.includes(queue);
}
