/** How many cores this process may use. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** The least of the CPU affinity and the quotas of all cgroups (v2 and v1) this process is in, at least 1. */
export function usableCores(): number {
  const affinity = availableParallelism()
  if (process.platform !== 'linux') return affinity
  return Math.max(1, Math.min(affinity, Math.ceil(cgroupQuota())))
}

function cgroupQuota(): number {
  let least = Number.POSITIVE_INFINITY
  for (const line of read('/proc/self/cgroup').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) continue
    if (controllers === '') least = Math.min(least, quotaUpwards('/sys/fs/cgroup', path, quotaOfVersion2))
    else if (controllers.split(',').includes('cpu'))
      least = Math.min(least, quotaUpwards('/sys/fs/cgroup/cpu', path, quotaOfVersion1))
  }
  return least
}

/** In a container the path of the host may be shown while only the top is mounted, so every step up is asked. */
function quotaUpwards(mount: string, path: string, quota: (folder: string) => number): number {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '..')
  let least = Number.POSITIVE_INFINITY
  for (let depth = segments.length; depth >= 0; depth--) {
    least = Math.min(least, quota([mount, ...segments.slice(0, depth)].join('/')))
  }
  return least
}

function quotaOfVersion2(folder: string): number {
  const [quota, period] = read(`${folder}/cpu.max`).trim().split(' ')
  return ratio(quota, period)
}

function quotaOfVersion1(folder: string): number {
  return ratio(read(`${folder}/cpu.cfs_quota_us`).trim(), read(`${folder}/cpu.cfs_period_us`).trim())
}

function ratio(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period)
  return quota !== '' && cores > 0 ? cores : Number.POSITIVE_INFINITY
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
