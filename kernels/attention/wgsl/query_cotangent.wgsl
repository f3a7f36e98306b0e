// dq = its term by content + its term by position, and the first level of the gradients of the
// biases that were added to q: partials[u_at + b * C + c] = sum over the rows r of block b of the
// terms by content, and those by position from s_at on. One lane per item of a row and block; rows
// in order, the same sum in every run. `terms_of` and the bindings are in query_terms.wgsl, or in
// ../fused/backward/query_sums.wgsl.
struct Terms { by_content: Numbers, by_position: Numbers }

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = scalars.columns;
  let c = id.x;
  if (c >= columns) {
    return;
  }
  let end = min(scalars.rows, (id.y + 1u) * scalars.block);
  var u_sum = Numbers();
  var s_sum = Numbers();
  for (var row = id.y * scalars.block; row < end; row++) {
    let i = row * columns + c;
    let terms = terms_of(i);
    u_sum += terms.by_content;
    s_sum += terms.by_position;
    dq[i] = Item(terms.by_content + terms.by_position);
  }
  let at = id.y * columns + c;
  partials[scalars.u_at + at] = u_sum;
  partials[scalars.s_at + at] = s_sum;
}
