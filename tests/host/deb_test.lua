-- The Debian package of what was built: what it holds, what it says of itself, that it runs.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local shell = require "shell"
local t = require "t"
local uv = require "uv"

local tests = {}

local function run(command)
  local result = proc.run_shell(command)
  t.assertEquals(result.status, 0, result.out .. result.err)
  return result.out
end

-- Made once: { path, folder = its files as they would be installed }.
local package_made

local function package()
  t.skipIf(not shell.succeeds "command -v dh >/dev/null", "needs debhelper")
  if not package_made then
    local folder = proc.temporary_directory()
    -- Who may not write the checkout makes one too.
    run(("DEB_BUILD_OPTIONS=noautodbgsym deps/deb %s/deb %s 2>&1"):format(folder, uv.exepath():match "^(.*)/"))
    local path = run(("echo %s/deb/*.deb"):format(folder)):match "^(%S+)\n$"
    t.assertNotNil(path, "one package")
    run(("dpkg-deb -x %s %s/files"):format(path, folder))
    package_made = { path = path, folder = folder .. "/files" }
  end
  return package_made
end

local function field(name)
  return run(("dpkg-deb -f %s %s"):format(package().path, name))
end

local function says(label)
  return proc.run_shark("-V", "-v").out:match("\n" .. label .. ": ([^\n]+)")
end

function tests.test_it_holds_all_that_is_installed_below_usr()
  local files = "\n" .. run("cd " .. package().folder .. " && find . ! -type d | sort")
  local expected = { "bin/shark", "share/bash-completion/completions/shark", "share/man/man1/shark.1.gz",
    "share/shark/meta/shark.lua", "share/doc/shark/copyright", "share/doc/shark/changelog.gz",
    "share/doc/shark/docs/reference.md", "share/doc/shark/examples" }
  for name in proc.run_shark("--list").out:gmatch "([%w_-]+) [^\n]*\n" do
    expected[#expected + 1] = ("share/man/man1/shark-%s.1.gz"):format(name)
    expected[#expected + 1] = ("share/shark/samples/%s.lua"):format(name)
  end
  t.assertTrue(#expected > 40)
  for _, path in ipairs(expected) do
    t.assertStrContains(files, "\n./usr/" .. path .. "\n")
  end
  for path in files:gmatch "[^\n]+" do
    t.assertStrContains(path, "./usr/")
  end
  t.assertStrContains(run("cat " .. package().folder .. "/usr/share/doc/shark/examples/hello.lua"), "hello from shark")
end

function tests.test_it_belongs_to_root()
  for line in run("dpkg-deb -c " .. package().path):gmatch "[^\n]+" do
    t.assertNotNil(line:match "^[d-]rw[x-]r%-[x-]r%-[x-] root/root " or line:match "^lrwxrwxrwx root/root ", line)
  end
end

-- By dpkg-shlibdeps from the symbols of the binary; shark reads its own headers.
function tests.test_it_depends_on_what_the_binary_needs()
  local glibc, libraries = says "needs":match "^glibc (%S+) or newer; (.*)$"
  t.assertStrContains(field "Depends", ("libc6 (>= %s"):format(glibc))
  local shared = 0
  for name in libraries:gmatch "%S+" do
    shared = shared + (name:find "^lib" and not name:find "^lib[cm]%." and 1 or 0)
  end
  t.assertEquals(select(2, field "Depends":gsub(",", "")), shared)
end

-- And argparse and dkjson, which are embedded as Lua.
function tests.test_it_names_the_libraries_that_are_part_of_it()
  local contained = select(2, says "contains":gsub("%S+", "")) + 2
  t.assertEquals(select(2, field "Built-Using":gsub("%(=", "")), contained)
  local copyrights = run("ls " .. package().folder .. "/usr/share/doc/shark/copyrights")
  t.assertEquals(select(2, copyrights:gsub("\n", "")), contained)
end

function tests.test_its_version_is_that_of_the_binary()
  local version = proc.run_shark("-v").out:match "^shark (%S+)\n$"
  t.assertStrMatches(field "Version", version:gsub("%p", "%%%0") .. "%-1.*")
end

function tests.test_it_runs()
  t.assertStrContains(run(package().folder .. "/usr/bin/shark hello"), "hello from shark")
end

t.run(tests)
