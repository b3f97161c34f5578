(** * What follows from the relation along one axis

    A convolution connects output [o] to input [i] through tap [t] when

        i = s*o + d*t - p0,    0 <= o < m,    0 <= t < k,    0 <= i < n.

    Here are its sizes, what a dilated kernel is equal to, the transpose of a circular convolution,
    and the receptive field of stacked layers. All hold for all integers that meet the stated
    conditions. This file does not need transpose.v.

    Names: n inputs, k taps, s stride, d dilation, p0 and p1 padding before and after (negative:
    crop), m outputs. *)

From Coq Require Import ZArith Lia.
Open Scope Z_scope.

(** ** Sizes *)

(** The coordinate that output [o] reads through tap [t]; the padded input reaches from -p0 to
    n - 1 + p1. *)
Definition source (s d p0 o t : Z) : Z := s * o + d * t - p0.

(** N: how far the first window can move before it leaves the padded input. *)
Definition room (n k d p0 p1 : Z) : Z := n + p0 + p1 - d * (k - 1) - 1.

(** m = floor(N / s) + 1. *)
Definition outputs (n k s d p0 p1 : Z) : Z := room n k d p0 p1 / s + 1.

(** The formula counts the windows that fit: [o] is an output exactly when its last tap still
    reads the padded input. (Where no window fits, N < 0, there is no such [o].) *)
Theorem outputs_count_windows : forall n k s d p0 p1 o, 1 <= s -> 0 <= o ->
  (o < outputs n k s d p0 p1 <-> source s d p0 o (k - 1) <= n - 1 + p1).
Proof.
  intros n k s d p0 p1 o Hs Ho. unfold outputs, source.
  pose proof (Z.div_mod (room n k d p0 p1) s ltac:(lia)).
  pose proof (Z.mod_pos_bound (room n k d p0 p1) s ltac:(lia)).
  set (q := room n k d p0 p1 / s) in *. unfold room in *. split; intros; nia.
Qed.

(** All taps of all outputs then read the padded input. *)
Theorem windows_fit : forall n k s d p0 p1 o t, 1 <= s -> 0 <= d ->
  0 <= o < outputs n k s d p0 p1 -> 0 <= t < k ->
  - p0 <= source s d p0 o t <= n - 1 + p1.
Proof.
  intros n k s d p0 p1 o t Hs Hd Ho Ht.
  pose proof (proj1 (outputs_count_windows n k s d p0 p1 o Hs (proj1 Ho)) (proj2 Ho)).
  unfold source in *. nia.
Qed.

(** The output size of a transposed convolution of m elements. [a] is its output padding. *)
Definition transposed_size (m k s d p0 p1 a : Z) : Z := s * (m - 1) + d * (k - 1) + 1 - p0 - p1 + a.

(** Round trip: there and back, the size returns exactly when a = N mod s. *)
Theorem round_trip : forall n k s d p0 p1 a, 1 <= s ->
  (transposed_size (outputs n k s d p0 p1) k s d p0 p1 a = n <-> a = room n k d p0 p1 mod s).
Proof.
  intros n k s d p0 p1 a Hs. unfold transposed_size, outputs.
  pose proof (Z.div_mod (room n k d p0 p1) s ltac:(lia)) as E.
  replace (s * (room n k d p0 p1 / s + 1 - 1)) with (s * (room n k d p0 p1 / s)) by ring.
  set (r := room n k d p0 p1 mod s) in *.
  set (q := s * (room n k d p0 p1 / s)) in *.
  unfold room in E. lia.
Qed.

(** The other way round: from m up and down again, the size returns exactly when 0 <= a < s. *)
Theorem round_trip_transposed : forall m k s d p0 p1 a, 1 <= s ->
  (outputs (transposed_size m k s d p0 p1 a) k s d p0 p1 = m <-> 0 <= a < s).
Proof.
  intros m k s d p0 p1 a Hs. unfold outputs.
  replace (room (transposed_size m k s d p0 p1 a) k d p0 p1) with (s * (m - 1) + a)
    by (unfold room, transposed_size; ring).
  pose proof (Z.div_mod (s * (m - 1) + a) s ltac:(lia)).
  pose proof (Z.mod_pos_bound (s * (m - 1) + a) s ltac:(lia)).
  set (q := (s * (m - 1) + a) / s) in *. split; intros; nia.
Qed.

(** *** The article's formulas

    An article gives, for a transposed convolution of n elements (d = 1, padding p on both sides,
    no output padding), the size s*n + s - 1 after zeros were put in and around, and the size
    s*n + (s - k) of its output. Each holds exactly when p = k - s. *)

Definition padded_size (n k s p : Z) : Z := s * (n - 1) + 1 + 2 * (k - 1 - p).

Theorem article_padded_size : forall n k s p, padded_size n k s p = s * n + s - 1 <-> p = k - s.
Proof. unfold padded_size. lia. Qed.

Theorem article_output_size : forall n k s p,
  transposed_size n k s 1 p p 0 = s * n + (s - k) <-> p = k - s.
Proof. unfold transposed_size. lia. Qed.

(** ** One tap at most *)

(** Two of output, input and tap determine the third. So, with zero padding, a row and a column of
    the matrix meet in one weight at most, and no entry is a sum. *)
Theorem unique_tap : forall s d p0 o t t', 1 <= d ->
  source s d p0 o t = source s d p0 o t' -> t = t'.
Proof. unfold source. intros. nia. Qed.

Theorem unique_output : forall s d p0 o o' t, 1 <= s ->
  source s d p0 o t = source s d p0 o' t -> o = o'.
Proof. unfold source. intros. nia. Qed.

(** ** The dilated convolution *)

Definition conv (n k s d p0 p1 o i t : Z) : Prop :=
  0 <= o < outputs n k s d p0 p1 /\ 0 <= t < k /\ 0 <= i < n /\ i = source s d p0 o t.

(** *** From the kernel: zeros between its weights

    The large kernel has d*(k-1) + 1 taps and no dilation. Weight [t] lies at its tap d*t; its
    other taps hold zeros, so no weight is there. *)

Definition large (k d : Z) : Z := d * (k - 1) + 1.

Definition weight_at (k d e t : Z) : Prop := 0 <= t < k /\ 0 <= e < large k d /\ e = d * t.

Theorem dilated_same_size : forall n k s d p0 p1,
  outputs n (large k d) s 1 p0 p1 = outputs n k s d p0 p1.
Proof. intros. unfold outputs, room, large. do 2 f_equal. ring. Qed.

(** The dilated convolution is the dense one with the large kernel. *)
Theorem dilated_is_zero_inserted : forall n k s d p0 p1 o i t, 0 <= d ->
  (conv n k s d p0 p1 o i t <->
   exists e, conv n (large k d) s 1 p0 p1 o i e /\ weight_at k d e t).
Proof.
  intros n k s d p0 p1 o i t Hd. unfold conv, weight_at. rewrite dilated_same_size. split.
  - intros (Ho & Ht & Hi & E).
    assert (0 <= d * t < large k d) by (unfold large; nia).
    exists (d * t). unfold source in *. repeat split; lia.
  - intros (e & (Ho & He & Hi & E) & (Ht & _ & Ee)).
    unfold source in *. repeat split; lia.
Qed.

(** *** From the image: d dense convolutions, interleaved

    With stride 1 and no padding, take every d-th element, beginning at [r], and convolve with the
    plain kernel: that gives every d-th output, beginning at [r]. *)

(** How many of n elements are taken: those [x] with r + d*x < n. *)
Definition taken (n d r : Z) : Z := (n - 1 - r) / d + 1.

Lemma taken_counts : forall n d r x, 1 <= d -> (x < taken n d r <-> r + d * x < n).
Proof.
  intros n d r x Hd. unfold taken.
  pose proof (Z.div_mod (n - 1 - r) d ltac:(lia)).
  pose proof (Z.mod_pos_bound (n - 1 - r) d ltac:(lia)).
  set (q := (n - 1 - r) / d) in *. split; intros; nia.
Qed.

(** Without stride and padding there are n - d*(k-1) outputs. *)
Lemma outputs_plain : forall n k d, outputs n k 1 d 0 0 = n - d * (k - 1).
Proof. intros. unfold outputs, room. rewrite Z.div_1_r. ring. Qed.

Theorem dilated_is_interleaved : forall n k d o i t, 1 <= d ->
  (conv n k 1 d 0 0 o i t <->
   exists r x y, 0 <= r < d /\ o = r + d * x /\ i = r + d * y /\
     conv (taken n d r) k 1 1 0 0 x y t).
Proof.
  intros n k d o i t Hd. unfold conv, source. rewrite outputs_plain. split.
  - intros (Ho & Ht & Hi & E).
    pose proof (Z.div_mod o d ltac:(lia)). pose proof (Z.mod_pos_bound o d ltac:(lia)).
    set (r := o mod d) in *. set (x := o / d) in *.
    exists r, x, (x + t). rewrite outputs_plain.
    assert (x + t < taken n d r) by (apply taken_counts; lia).
    assert (x + (k - 1) < taken n d r) by (apply taken_counts; lia).
    repeat split; try lia; nia.
  - intros (r & x & y & Hr & -> & -> & Hx & Ht & Hy & E).
    rewrite outputs_plain in Hx.
    assert (r + d * (x + (k - 1)) < n) by (apply taken_counts; lia).
    assert (r + d * y < n) by (apply taken_counts; lia).
    repeat split; try lia; nia.
Qed.

(** Every output belongs to one of the d convolutions, at one place in it. *)
Theorem interleaved_once : forall d r x r' x', 0 <= r < d -> 0 <= r' < d ->
  r + d * x = r' + d * x' -> r = r' /\ x = x'.
Proof. intros. assert (x = x') by nia. subst. lia. Qed.

(** ** The circular convolution

    Circular padding reads around the end. Where the output has the size of the input, the
    transpose is again a circular convolution: with the flipped kernel, and padding d*(k-1) - p. *)

Lemma circular_shift : forall n q o i, 0 <= o < n -> 0 <= i < n ->
  (i = (o + q) mod n <-> o = (i - q) mod n).
Proof.
  intros n q o i Ho Hi. split; intros E.
  - apply Z.mod_unique with (- ((o + q) / n)); [lia|].
    pose proof (Z.div_mod (o + q) n ltac:(lia)). nia.
  - apply Z.mod_unique with (- ((i - q) / n)); [lia|].
    pose proof (Z.div_mod (i - q) n ltac:(lia)). nia.
Qed.

Theorem circular_transpose : forall n k d p o i t, 0 <= o < n -> 0 <= i < n ->
  (i = source 1 d p o t mod n <-> o = source 1 d (d * (k - 1) - p) i (k - 1 - t) mod n).
Proof.
  intros n k d p o i t Ho Hi. unfold source.
  replace (1 * o + d * t - p) with (o + (d * t - p)) by ring.
  replace (1 * i + d * (k - 1 - t) - (d * (k - 1) - p)) with (i - (d * t - p)) by ring.
  now apply circular_shift.
Qed.

(** ** The receptive field

    Layers with stride 1 and k taps are stacked; the layer at depth l has dilation D(l), and depth
    0 is the one that reads the input. Coordinates are those of unpadded layers. [sees k D L x y]:
    element [x] of what L layers put out depends on input [y]. *)

Fixpoint sees (k : Z) (D : nat -> Z) (L : nat) (x y : Z) : Prop :=
  match L with
  | O => x = y
  | S l => exists t, 0 <= t < k /\ sees k D l (source 1 (D l) 0 x t) y
  end.

(** The field has [f] elements and no gaps: exactly the inputs from x to x + f - 1 are seen. *)
Definition field (k : Z) (D : nat -> Z) (L : nat) (f : Z) : Prop :=
  forall x y, sees k D L x y <-> x <= y < x + f.

(** One layer more. Its field has no gaps when the taps lie no further apart than the field of the
    layers below is wide. *)
Lemma field_step : forall k D L f, 1 <= k -> 1 <= D L <= f ->
  field k D L f -> field k D (S L) (D L * (k - 1) + f).
Proof.
  intros k D L f Hk Hd IH x y. cbn [sees]. split.
  - intros (t & Ht & H). apply IH in H. unfold source in H. nia.
  - intros H.
    (* The last tap that does not begin behind y, or the last of all. *)
    pose proof (Z.div_mod (y - x) (D L) ltac:(lia)).
    pose proof (Z.mod_pos_bound (y - x) (D L) ltac:(lia)).
    pose proof (Z.div_pos (y - x) (D L) ltac:(lia) ltac:(lia)).
    set (q := (y - x) / D L) in *.
    destruct (Z.lt_ge_cases q k) as [C | C].
    + exists q. split; [lia|]. apply IH. unfold source. lia.
    + exists (k - 1). split; [lia|]. apply IH. unfold source. nia.
Qed.

(** L stacked layers without dilation: (k-1)*L + 1. *)
Theorem field_stacked : forall k L, 1 <= k ->
  field k (fun _ => 1) L ((k - 1) * Z.of_nat L + 1).
Proof.
  intros k L Hk. induction L as [|L IH].
  - intros x y. cbn. lia.
  - replace ((k - 1) * Z.of_nat (S L) + 1) with (1 * (k - 1) + ((k - 1) * Z.of_nat L + 1)) by lia.
    apply (field_step k (fun _ => 1)); [assumption | nia | assumption].
Qed.

(** Dilations 1, 2, 4, ...: (k-1)*(2^L - 1) + 1, without gaps, for any kernel of 2 taps or more. *)
Theorem field_doubling : forall k L, 2 <= k ->
  field k (fun l => 2 ^ Z.of_nat l) L ((k - 1) * (2 ^ Z.of_nat L - 1) + 1).
Proof.
  intros k L Hk. induction L as [|L IH].
  - intros x y. cbn. lia.
  - assert (P : 0 < 2 ^ Z.of_nat L) by (apply Z.pow_pos_nonneg; lia).
    assert (E : 2 ^ Z.of_nat (S L) = 2 * 2 ^ Z.of_nat L)
      by (rewrite Nat2Z.inj_succ, Z.pow_succ_r; lia).
    rewrite E.
    replace ((k - 1) * (2 * 2 ^ Z.of_nat L - 1) + 1)
      with (2 ^ Z.of_nat L * (k - 1) + ((k - 1) * (2 ^ Z.of_nat L - 1) + 1)) by ring.
    apply (field_step k (fun l => 2 ^ Z.of_nat l)); [lia | nia | assumption].
Qed.

(** With 3 taps this is 2^(L+1) - 1. *)
Corollary field_doubling_3 : forall L,
  field 3 (fun l => 2 ^ Z.of_nat l) L (2 ^ (Z.of_nat L + 1) - 1).
Proof.
  intros L. replace (2 ^ (Z.of_nat L + 1) - 1) with ((3 - 1) * (2 ^ Z.of_nat L - 1) + 1).
  - now apply field_doubling.
  - rewrite Z.pow_add_r by lia. lia.
Qed.

Print Assumptions outputs_count_windows.
Print Assumptions windows_fit.
Print Assumptions round_trip.
Print Assumptions round_trip_transposed.
Print Assumptions article_padded_size.
Print Assumptions article_output_size.
Print Assumptions unique_tap.
Print Assumptions unique_output.
Print Assumptions dilated_is_zero_inserted.
Print Assumptions dilated_is_interleaved.
Print Assumptions circular_transpose.
Print Assumptions field_stacked.
Print Assumptions field_doubling_3.
