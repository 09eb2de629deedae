-- shark.system.cmdline, shark.iommu.chain, shark.text.plain: small parts of the IOMMU's state.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local chain = require "shark.iommu.chain"
local chain_text = require "shark.text.chain"
local cmdline = require "shark.system.cmdline"
local plain = require "shark.text.plain"
local t = require "t"

local tests = {}

local TEXT = [[BOOT_IMAGE=/vmlinuz root=/dev/vda1 iommu=pt,noagp intel_iommu=on,sm_on intel_iommu=off quiet
  dyndbg="file drivers/iommu/* +p" nointremap -- intel_iommu=on iommu=off]]

function tests.test_words_by_name()
  t.assertEquals(cmdline.find(TEXT, "intel_iommu"), { "intel_iommu=on,sm_on", "intel_iommu=off" })
  t.assertEquals(cmdline.find(TEXT, "nointremap", "quiet"), { "quiet", "nointremap" })
  t.assertEquals(cmdline.find(TEXT, "dyndbg"), { 'dyndbg="file drivers/iommu/* +p"' })
  t.assertEquals(cmdline.find(TEXT, "iomm"), {})
  t.assertEquals(cmdline.find("", "iommu"), {})
end

function tests.test_options_of_a_name()
  t.assertTrue(cmdline.has_option(TEXT, "iommu", "pt"))
  t.assertFalse(cmdline.has_option(TEXT, "iommu", "off")) -- that is init's
  t.assertEquals(cmdline.last_option(TEXT, "intel_iommu", { "on", "off" }), "off")
  t.assertNil(cmdline.last_option(TEXT, "iommu", { "on", "off" }))
end

function tests.test_the_first_no_decides()
  local steps = chain.new()
  steps:add("a", "one", true, "fine")
  steps:add("a", "two", nil, "not known")
  t.assertNil(steps:decisive())
  steps:add("b", "three", false, "no")
  steps:add("b", "four", false, "no either")
  local decisive = steps:decisive()
  t.assertEquals(decisive.question, "three")
  t.assertEquals(chain_text.lines(steps.steps, decisive), {
    "  a         yes  one: fine", "  a         -    two: not known",
    "  b         NO   three: no  <- this decided", "  b         NO   four: no either",
  })
  t.assertEquals({ chain.no_if(true), chain.no_if(false) }, { false })
end

function tests.test_64_bits_stay_exact_in_json()
  t.assertEquals(plain { a = 0xffffffffffffffffULL, b = { 1, "x", 2ULL }, c = false },
    { a = "0xffffffffffffffff", b = { 1, "x", "0x2" }, c = false })
end

t.run(tests)
