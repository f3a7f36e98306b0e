// element(dense, listed, c) for the columns c < C of the rows i < count of a list, with the offsets
// dense = i * C and listed = rows[i] * C. The text before this one declares `element`, `rows` and
// `scalars` with `count` and `columns`.
// ceil(C / 8) neighbouring lanes per row, so that a row number is loaded once for eight columns; a
// lane takes the columns l, l + lanes, ...
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let columns = scalars.columns;
  let lanes = (columns + 7u) / 8u;
  let id = (group.y * groups.x + group.x) * 64u + lane;
  let i = id / lanes;
  if (i >= scalars.count) {
    return;
  }
  let c = id % lanes;
  let dense = i * columns;
  let listed = rows[i] * columns;
  element(dense, listed, c);
  element(dense, listed, c + lanes);
  element(dense, listed, c + 2u * lanes);
  element(dense, listed, c + 3u * lanes);
  element(dense, listed, c + 4u * lanes);
  element(dense, listed, c + 5u * lanes);
  element(dense, listed, c + 6u * lanes);
  element(dense, listed, c + 7u * lanes);
}
