-- shark.decode.usdt: where the arguments of static markers are.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local compiled = require "compiled"
local ffi = require "ffi"
local t = require "t"
local usdt = require "shark.decode.usdt"

local tests = {}

local function one(text)
  local list = usdt.arguments(text)
  t.assertEquals(#list, 1)
  return list[1]
end

local function place(text)
  local a = one(text)
  return { a.type.name, a.off, a.size, a.at or "register" }
end

function tests.test_registers_and_their_parts()
  t.assertEquals(place "8@%rdi", { "u64", 112, 8, "register" })
  t.assertEquals(place "-4@%edi", { "s32", 112, 4, "register" })
  t.assertEquals(place "2@%si", { "u16", 104, 2, "register" })
  t.assertEquals(place "1@%dil", { "u8", 112, 1, "register" })
  t.assertEquals(place "-1@%bh", { "s8", 41, 1, "register" })
  t.assertEquals(place "8@%r8", { "u64", 72, 8, "register" })
  t.assertEquals(place "4@%r15d", { "u32", 0, 4, "register" })
  t.assertEquals(place "1@%r12b", { "u8", 24, 1, "register" })
  t.assertEquals(place "8@%rsp", { "u64", 152, 8, "register" })
  t.assertEquals(place "8@%rax", { "u64", 80, 8, "register" })
end

-- The size is the type's; the compiler may keep it in less.
function tests.test_no_more_is_read_than_the_register_has()
  t.assertEquals(place "8@%eax", { "u64", 80, 4, "register" })
  t.assertEquals(place "4@%rax", { "u32", 80, 4, "register" })
end

function tests.test_memory()
  t.assertEquals(place "-4@-20(%rbp)", { "s32", 32, 4, -20 })
  t.assertEquals(place "8@(%rax)", { "u64", 80, 8, 0 })
  t.assertEquals(place "8@0x10(%r12)", { "u64", 24, 8, 16 })
  local indexed = one "8@8(%rax,%rbx,4)"
  t.assertEquals({ indexed.off, indexed.at, indexed.index }, { 80, 8, { off = 40, scale = 4 } })
  t.assertEquals(one("8@(%rax, %rbx)").index, { off = 40, scale = 1 })
end

function tests.test_constants()
  t.assertEquals({ one("-4@$-5").value, one("4@$0x1f").value, one("-8@$-0x10").value }, { -5, 31, -16 })
end

function tests.test_several()
  local list = usdt.arguments "-4@%edi 8@-8(%rbp)  4@$3"
  t.assertEquals({ #list, list[1].name, list[3].name, list[3].value }, { 3, "arg1", "arg3", 3 })
  t.assertEquals(usdt.arguments "", {})
end

function tests.test_what_no_register_leads_to()
  for text, number in pairs { ["8f@%xmm0"] = 1, ["8@%rdi 4@counter(%rip)"] = 2, ["8@8(%rip)"] = 1, ["16@%rdi"] = 1,
    ["4@%st"] = 1, ["4@"] = 1, ["8@(%eax)"] = 1, ["4@%"] = 1, ["x"] = 1, ["4@$x"] = 1, ["8@8(%rax"] = 1,
    ["8@(%rax,%ebx,2)"] = 1, ["8@()"] = 1, ["8@%xmm0"] = 1, ["4@%cs"] = 1 } do
    t.assertEquals(usdt.arguments(text)[number].type.kind, "void", text)
  end
end

-- luacheck: globals emit

-- The compiler takes them as they are: from registers, from memory of the program, as constants.
function tests.test_a_handler_gets_them()
  local memory = ffi.new("int32_t[4]", 11, 22, -33, 44)
  local registers = {}
  for i = 1, 21 do
    registers[i] = 0
  end
  registers[5] = ffi.cast("uint64_t", ffi.cast("uintptr_t", memory)) -- rbp
  registers[6] = 2 -- rbx
  registers[15] = 0xfffffffffffffffeULL -- rdi
  local run = compiled.run(function(a, b, c, d, e)
    emit { a = a, b = b, c = c, d = d, e = e }
  end, { args = registers, objects = { memory }, user = true,
    arguments = usdt.arguments "-4@%edi 4@%edi -4@-4(%rbp,%rbx,4) 4@12(%rbp) -8@$-7" })
  local sent = run.sent[1]
  t.assertEquals({ sent.a, sent.b, sent.c, sent.d, sent.e }, { -2LL, 0xfffffffeLL, 22LL, 44LL, -7LL })
end

-- Only who uses it is refused.
function tests.test_a_handler_does_without_what_cannot_be_read()
  local of = { args = { 1 }, user = true, arguments = usdt.arguments "8@%xmm0 8@%r15" }
  t.assertEquals(compiled.run(function(_, b) emit { b = b } end, of).sent[1].b, 1ULL)
  t.assertStrContains(compiled.refusal(function(a) emit { a = a } end, of), "what no register leads to")
end

t.run(tests)
