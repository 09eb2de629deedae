-- top: a live view of the whole screen: CPUs, interrupts, softirqs, IPIs, vectors, disks, remapping
local cli = require "shark.cli"
local top = require "shark.top"

local NAME = "top"

local parser = cli.parser(NAME, "A live view of the whole screen: CPUs and interrupts, softirqs, IPIs, vectors " ..
  "left, virtio-blk stages, remapping changes. The key h lists the keys.")
cli.options(parser, { "irq", "cpu", { "sort", convert = top.column } })
cli.add_trace_options(parser, { "hardirq", "softirq", "vector", "ipi", "virtblk" })
local options = parser:parse()

options.interval = options.interval or 1
if #options.command > 0 and not options.json then
  parser:error "a command would print over the screen: start it in another terminal, or with --json"
end

top.run(options)
