const NS_PER_SECOND = 1_000_000_000n;

/** A time that is not after SOURCE_DATE_EPOCH, if there is one. @see reproducible-builds.org, SOURCE_DATE_EPOCH */
export function clampTime(mtimeNs: bigint, epochSeconds: number | undefined): bigint {
  if (epochSeconds === undefined) return mtimeNs;
  const epochNs = BigInt(epochSeconds) * NS_PER_SECOND;
  return mtimeNs > epochNs ? epochNs : mtimeNs;
}
