-- virtblk-stack: the kernel stacks from the interrupt to virtblk_done
local cli = require "shark.cli"
local foreign = require "shark.text.foreign"
local out = require "shark.text.out"
local stack_text = require "shark.stack"
local virtblk = require "shark.virtblk"

local NAME = "virtblk-stack"

local parser = cli.parser(NAME, "The kernel stacks in which virtio-blk requests are taken from the ring, innermost " ..
  "first: virtblk_done() and what called it. Where the driver cannot be seen, those in which requests complete.")
cli.options(parser, { "disk" })
parser:flag("--whole", "With what was interrupted, too: below the interrupt's entry.")
parser:flag("--folded", "One line for each stack, outermost first, with its count, for flame graphs.")
cli.add_trace_options(parser, "virtblk")
local options = parser:parse()

local session, message = virtblk.requests { device = options.disk, way = options.way, stacks = true, audit = true }
if not session then
  cli.fail(NAME, message)
end

-- From virtblk_done on, if it is in it, to the entry of the interrupt.
local function trim(frames)
  local first = 1
  for i, frame in ipairs(frames) do
    first = frame.name:match("^virtblk_done%+") and i or first
  end
  local list = {}
  for i = first, #frames do
    list[#list + 1] = frames[i]
    if frames[i].name:match("^asm_") and not options.whole then
      break
    end
  end
  return list
end

-- Frames and text by index: most of them share a few stacks, and a symbol takes time to find.
local known = {}

local function stack_of(index)
  if not known[index] then
    local stack = session:stack(index)
    local frames = stack and trim(stack:frames())
    known[index] = frames and { frames = frames, text = table.concat(stack_text.lines(frames), "\n") } or {}
  end
  return known[index]
end

local function by_requests(a, b)
  if a.requests ~= b.requests then
    return a.requests > b.requests
  end
  return (a.irq or -1) < (b.irq or -1)
end

-- Counted in the kernel by stack; what is trimmed makes several of an interrupt one.
local function collect()
  local rows, why = session:stacks()
  if not rows then
    cli.fail(NAME, why)
  end
  local stacks, known_entries, without = {}, {}, 0
  for _, row in ipairs(rows) do
    local stack = row.stack and stack_of(row.stack) or {}
    if stack.text then
      local key = ("%s %s"):format(row.irq or "-", stack.text)
      local entry = known_entries[key]
      if not entry then
        entry = { requests = 0, irq = row.irq, frames = stack.frames, key = key }
        known_entries[key], stacks[#stacks + 1] = entry, entry
      end
      entry.requests = entry.requests + row.count
    else
      without = without + row.count
    end
  end
  return stacks, without
end

-- The same since an earlier count, and what to compare the next one with.
local function collect_since(before)
  local stacks, without = collect()
  local kept, more = { by_key = {}, without = without }, {}
  for _, stack in ipairs(stacks) do
    local requests = stack.requests
    kept.by_key[stack.key] = requests
    stack.requests = requests - (before and before.by_key and before.by_key[stack.key] or 0)
    stack.key = nil
    more[#more + 1] = stack.requests > 0 and stack or nil
  end
  table.sort(more, by_requests)
  return more, without - (before and before.without or 0), kept
end

cli.run {
  name = NAME,
  title = "virtio-blk requests",
  options = options,
  session = session,
  report = function(before)
    local stacks, without, kept = collect_since(before)
    return { stacks = stacks, without_stack = without }, kept
  end,
  show = function(what)
    if what.report == "interval" then
      if options.folded then -- what reads that adds up all lines
        return
      end
      out.line("\n%s", os.date("%H:%M:%S"))
    end
    for _, stack in ipairs(what.stacks) do
      if options.folded then
        out.raw(foreign.line(("%s %d"):format(stack_text.fold(stack.frames), stack.requests)))
      else
        out.line("%d %s%s", stack.requests, stack.requests == 1 and "request" or "requests",
          stack.irq and ", IRQ " .. stack.irq or "")
        out.lines(stack_text.lines(stack.frames))
        out.line("")
      end
    end
    if what.without_stack > 0 then
      out.line("%d requests without a stack", what.without_stack)
    end
  end,
  order = { "report", "seconds", "stacks", "requests", "irq", "frames", "address", "name", "without_stack" },
}
