// Shares of a gradient beside a verdict on them: a share that is rounded must not seem to be on the other side of what the verdict speaks of.

/** What verdicts speak of (gradientFlow): vanished, faded, grown, exploded. */
const thresholds: readonly number[] = [0.01, 0.5, 2, 100];

/** 100 times the share, with so many digits, or with more where fewer would put it on the other side of a threshold: 0.00999 is 0.999, not 1.00. */
export function hundredths(share: number, digits: number): string {
  const text = (100 * share).toFixed(digits);
  const crossed = thresholds.some((t) => Number(text) < 100 * t !== share < t);
  return crossed && digits < 15 ? hundredths(share, digits + 1) : text;
}
