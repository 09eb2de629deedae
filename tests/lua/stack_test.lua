-- shark.stack: frames as text.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local rows = require "shark.rows"
local stack = require "shark.stack"
local t = require "t"

local FRAMES = {
  { address = "ffffffffc0001234", name = "virtblk_done+0x1/0x2 [virtio_blk]" },
  { address = "ffffffff81000010", name = "asm_common_interrupt+0x26/0x40" },
}
local tests = {}

function tests.test_a_line_for_each_frame()
  t.assertEquals(stack.lines(FRAMES), {
    "0xffffffffc0001234 : virtblk_done+0x1/0x2 [virtio_blk]", "0xffffffff81000010 : asm_common_interrupt+0x26/0x40",
  })
  t.assertEquals(stack.lines {}, {})
end

function tests.test_folded_is_outermost_first_without_offsets()
  t.assertEquals(stack.fold(FRAMES), "asm_common_interrupt;virtblk_done")
  t.assertEquals(stack.fold {}, "")
end

function tests.test_rows_without_a_field_come_first_or_last()
  local function sorted(nil_last)
    local list = { { a = 2 }, { b = 9 }, { a = 1 } }
    table.sort(list, rows.order_by({ "a" }, nil_last))
    return { list[1].a or "none", list[2].a or "none", list[3].a or "none" }
  end
  t.assertEquals(sorted(false), { "none", 1, 2 })
  t.assertEquals(sorted(true), { 1, 2, "none" })
end

t.run(tests)
