--- Targets: time until the first probe is attached, time from start to exit, memory.
local tool = require "tool"

local M = {}

local RING_BYTES = 256 * 1024 -- SESSION_RING_BYTES of core/trace/session.h

local function attach_time(command)
  return function()
    return tool.until_attached(command).attached_ns
  end
end

-- The peer makes the bpf(2) calls that shark makes, written down before the first round, which is not counted: a
-- tracer that ended just before would keep the peer waiting.
local function replay_time(tracer, command)
  local is_recorded
  return function()
    if not is_recorded then
      tool.output_of(tool.path("record"), tracer, tool.path(tracer .. ".calls"))
      is_recorded = true
    end
    return tool.until_attached(command).attached_ns
  end
end

local function wall_time(command)
  return function()
    return tool.to_end(command).ended_ns
  end
end

local function memory(command)
  return function()
    return tool.to_end(command).rss_kib
  end
end

local function memory_until_attached(command)
  return function()
    return tool.until_attached(command).rss_kib
  end
end

--- @param commands table see peers.commands()
--- @return table[] targets see bench.lua
function M.targets(commands)
  local hardirqs, brief = commands.hardirqs, commands.open_and_close
  local list = {}
  local function add(target)
    list[#list + 1] = target
  end
  local function attach(name, peer, title, limit)
    add { name = "start/" .. name, title = "exec to attached, against " .. title, unit = "ms", scale = 1e6,
      ours = attach_time(hardirqs.shark), theirs = attach_time(peer), at_most = limit }
  end
  attach("bpftrace-count", hardirqs.bpftrace_count, "bpftrace count", 1 / 15)
  attach("bpftrace-hist", hardirqs.bpftrace_hist, "bpftrace IRQ latency hist", 1 / 40)
  attach("bcc", hardirqs.bcc, "bcc hardirqs", 1 / 200)
  attach("libbpf-tools", hardirqs.libbpf_tools, "libbpf-tools hardirqs", 1 / 6)
  add { name = "start/bare-c", title = "exec to attached, against its bpf(2) calls made by a C program", unit = "ms",
    scale = 1e6, ours = attach_time(hardirqs.shark), theirs = replay_time("hardirq", hardirqs.bare_c), at_most = 1.3 }
  add { name = "wall/bpftrace", title = "start to exit, against bpftrace count", unit = "ms", scale = 1e6,
    ours = wall_time(brief.shark), theirs = wall_time(brief.bpftrace), at_most = 1 / 50 }
  add { name = "memory/bpftrace", title = "peak RSS, against bpftrace count", unit = "MiB", scale = 1024,
    ours = memory(brief.shark), theirs = memory(brief.bpftrace), at_most = 1 / 20 }
  add { name = "memory/hardirqs", title = "peak RSS of shark hardirqs", unit = "MiB", scale = 1024,
    ours = memory_until_attached(hardirqs.shark), most = 4 * 1024 }
  add { name = "memory/streaming", title = "peak RSS, handing over events: 4 MiB + 2 x ring", unit = "MiB",
    scale = 1024, ours = memory(commands.stream.shark), most = 4 * 1024 + 2 * RING_BYTES / 1024 }
  return list
end

return M
