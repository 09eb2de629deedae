--- What the scripts beside this one write, or with --check compare with what is there.
local M = {}

--- A file's text; nil if there is none.
--- @param path string @return string?
function M.read(path)
  local file = io.open(path)
  return file and file:read("*a"), file and file:close()
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  assert(file:close())
end

--- Writes the files; with --check, says which are another and ends with 1.
--- @param files table<string, string> path -> text @param because string what a stale one is not
function M.write_or_check(files, because)
  local stale = {}
  for path, text in pairs(files) do
    if arg[1] ~= "--check" then
      write(path, text)
    elseif M.read(path) ~= text then
      stale[#stale + 1] = path
    end
  end
  if #stale > 0 then
    table.sort(stale)
    io.stderr:write(("%s: not what %s; make reference\n"):format(table.concat(stale, ", "), because))
    os.exit(1)
  end
end

return M
