-- virtblk-stack: the kernel stacks from the interrupt to virtblk_done
local cli = require "shark.cli"
local out = require "shark.text.out"
local virtblk = require "shark.virtblk"

local NAME = "virtblk-stack"

local parser = cli.parser(NAME, "The kernel stacks in which virtio-blk requests are taken from the ring, innermost " ..
  "first: virtblk_done() and what called it. Where the driver cannot be seen, those in which requests complete.")
parser:option("-D --device", "This disk only, e.g. vda."):argname("DISK")
parser:flag("--whole", "With what was interrupted, too: below the interrupt's entry.")
parser:flag("--folded", "One line for each stack, outermost first, with its count, for flame graphs.")
cli.add_trace_options(parser, { "fentry", "kprobe", "tp_btf", "raw_tp", "tp" })
local options = parser:parse()

local session, message = virtblk.requests { device = options.device, way = options.way, stacks = true, audit = true }
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

local stacks, by_text, without = {}, {}, 0

local function lines_of(frames)
  local lines = {}
  for i, frame in ipairs(frames) do
    lines[i] = ("0x%s : %s"):format(frame.address, frame.name)
  end
  return lines
end

local function folded(frames)
  local names = {}
  for i = #frames, 1, -1 do
    names[#names + 1] = (frames[i].name:gsub("%+0x.*$", ""))
  end
  return table.concat(names, ";")
end

-- An index names one stack only until another takes its place: looked up at once.
session:on(function(event)
  local stack = event.stack >= 0 and session:stack(event.stack)
  if not stack then
    without = without + 1
    return
  end
  local frames = trim(stack:frames())
  local text = table.concat(lines_of(frames), "\n")
  if not by_text[text] then
    by_text[text] = { requests = 0, irq = event.irq >= 0 and event.irq or nil, frames = frames }
    stacks[#stacks + 1] = by_text[text]
  end
  by_text[text].requests = by_text[text].requests + 1
end)

cli.run {
  name = NAME,
  options = options,
  session = session,
  report = function(before)
    table.sort(stacks, function(a, b) return a.requests > b.requests end)
    return { stacks = stacks, without_stack = without }, before
  end,
  show = function(what)
    if what.report == "interval" then
      return
    end
    for _, stack in ipairs(what.stacks) do
      if options.folded then
        out.line("%s %d", folded(stack.frames), stack.requests)
      else
        out.line("%d %s%s", stack.requests, stack.requests == 1 and "request" or "requests",
          stack.irq and ", IRQ " .. stack.irq or "")
        out.lines(lines_of(stack.frames))
        out.line("")
      end
    end
    if what.without_stack > 0 then
      out.line("%d requests without a stack", what.without_stack)
    end
  end,
  order = { "report", "seconds", "stacks", "requests", "irq", "frames", "address", "name", "without_stack" },
}
