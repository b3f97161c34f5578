(** * The transposed convolution is the transpose

    A convolution along one axis connects output [o] to input [i] through the kernel's tap [t] when

        i = s*o + d*t - p0,    0 <= o < m,    0 <= t < k,    0 <= i < n.

    Its matrix A has, in row [o] and column [i], the sum of the weights w[t] of all such [t]. The
    transpose of A therefore has the same triples with [o] and [i] exchanged.

    Textbooks build the transposed convolution otherwise, in three stages:

      1. put s-1 zeros between the elements;
      2. pad with d*(k-1) - p0 zeros before and d*(k-1) - p1 + a zeros after (negative: crop);
      3. run a stride-1 convolution whose kernel is flipped.

    This file proves that both have the same triples: for all sizes, kernels, strides, dilations
    and paddings, first along one axis, then with channels and groups in two dimensions, then
    along any number of axes.

    Source of the construction: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for
    deep learning", arXiv:1603.07285, relationship 14 (there: one padding, no dilation). *)

From Coq Require Import ZArith Lia List.
Open Scope Z_scope.

(** ** One axis *)

(** The numbers of a convolution along one axis. [before] and [after] are the paddings p0 and p1;
    they are any integers, and negative ones crop. *)
Record axis := Axis {
  size : Z;       (* n  *)
  kernel : Z;     (* k  *)
  stride : Z;     (* s  *)
  dilation : Z;   (* d  *)
  before : Z;     (* p0 *)
  after : Z       (* p1 *)
}.

(** How many elements lie between a window's first tap and its last: d*(k-1). *)
Definition reach (g : axis) : Z := dilation g * (kernel g - 1).

(** N: how far the first window can move before it leaves the padded input. *)
Definition room (g : axis) : Z := size g + before g + after g - reach g - 1.

(** m = floor(N / s) + 1: the number of outputs. *)
Definition outputs (g : axis) : Z := room g / stride g + 1.

(** a = N mod s: the padded elements at the end that no window reaches. *)
Definition rest (g : axis) : Z := room g mod stride g.

(** The numbers make an axis: there is an input and a kernel, and at least one window fits. *)
Definition valid (g : axis) : Prop :=
  1 <= size g /\ 1 <= kernel g /\ 1 <= stride g /\ 1 <= dilation g /\ 0 <= room g.

(** *** The convolution *)

Definition conv (g : axis) (o i t : Z) : Prop :=
  0 <= o < outputs g /\ 0 <= t < kernel g /\ 0 <= i < size g /\
  i = stride g * o + dilation g * t - before g.

(** *** The textbook's three stages

    Each stage is a relation of its own, with a size of its own: a stage's output size is computed
    from its input size, and knows nothing of the convolution's n. *)

(** Stage 1, zero insertion. Element [o] of the m inputs goes to place [j]; the other places hold
    zeros, so they are connected to nothing. *)
Definition spaced_size (g : axis) : Z := stride g * (outputs g - 1) + 1.

Definition insert_zeros (g : axis) (j o : Z) : Prop :=
  0 <= o < outputs g /\ 0 <= j < spaced_size g /\ j = stride g * o.

(** Stage 2, padding. Place [u] of the padded array holds place [j] of the spaced one. *)
Definition pad_before (g : axis) : Z := reach g - before g.
Definition pad_after (g : axis) : Z := reach g - after g + rest g.
Definition padded_size (g : axis) : Z := pad_before g + spaced_size g + pad_after g.

Definition pad (g : axis) (u j : Z) : Prop :=
  0 <= u < padded_size g /\ 0 <= j < spaced_size g /\ u = j + pad_before g.

(** Stage 3, a convolution with stride 1, dilation d and no padding. Its kernel is flipped: at the
    place of tap k-1-t it has the weight w[t]. *)
Definition textbook_size (g : axis) : Z := padded_size g - reach g.

Definition flipped_conv (g : axis) (i u t : Z) : Prop :=
  0 <= i < textbook_size g /\ 0 <= t < kernel g /\ 0 <= u < padded_size g /\
  u = i + dilation g * (kernel g - 1 - t).

(** The three stages one after the other. *)
Definition textbook (g : axis) (i o t : Z) : Prop :=
  exists u j, flipped_conv g i u t /\ pad g u j /\ insert_zeros g j o.

(** *** The theorem along one axis *)

(** Division with remainder, all that is needed to know of N / s and N mod s: N = s*(m-1) + a. *)
Lemma room_split : forall g, valid g ->
  room g = stride g * (outputs g - 1) + rest g /\ 0 <= rest g < stride g /\ 1 <= outputs g.
Proof.
  intros g (Hn & Hk & Hs & Hd & HN). unfold outputs, rest.
  pose proof (Z.div_mod (room g) (stride g) ltac:(lia)).
  pose proof (Z.mod_pos_bound (room g) (stride g) ltac:(lia)).
  pose proof (Z.div_pos (room g) (stride g) HN ltac:(lia)).
  lia.
Qed.

(** The textbook's result has the size of the convolution's input. *)
Theorem textbook_size_is_n : forall g, valid g -> textbook_size g = size g.
Proof.
  intros g V. pose proof (room_split g V) as (E & _).
  unfold room in E. unfold textbook_size, padded_size, pad_before, pad_after, spaced_size. lia.
Qed.

(** Tap for tap, the textbook's construction is the transpose. *)
Theorem transpose_1d : forall g, valid g ->
  forall i o t, textbook g i o t <-> conv g o i t.
Proof.
  intros g V i o t.
  pose proof (textbook_size_is_n g V) as Size.
  destruct V as (Hn & Hk & Hs & Hd & _).
  unfold textbook, flipped_conv, conv. rewrite Size. split.
  - (* Follow the three stages: s*o = j, j + (d*(k-1) - p0) = u, u = i + d*(k-1-t). *)
    intros (u & j & (Hi & Ht & Hu & Eu) & (_ & Hj & Ej) & (Ho & _ & Eo)).
    unfold pad_before, reach in *. repeat split; lia.
  - (* The places on the way are j = s*o and u = i + d*(k-1-t); both lie within their arrays. *)
    intros (Ho & Ht & Hi & E).
    exists (i + dilation g * (kernel g - 1 - t)), (stride g * o).
    assert (P : padded_size g = size g + reach g) by (unfold textbook_size in Size; lia).
    assert (0 <= stride g * o < spaced_size g) by (unfold spaced_size; nia).
    assert (0 <= dilation g * (kernel g - 1 - t) <= reach g) by (unfold reach; nia).
    unfold pad, insert_zeros. rewrite P.
    unfold pad_before, reach in *. repeat split; lia.
Qed.

(** There is only one way through the stages, so no weight is counted twice: the composition's
    matrix, which sums over the ways, has each weight once. *)
Theorem one_path : forall g i o t u j u' j',
  flipped_conv g i u t /\ pad g u j /\ insert_zeros g j o ->
  flipped_conv g i u' t /\ pad g u' j' /\ insert_zeros g j' o ->
  u = u' /\ j = j'.
Proof. unfold flipped_conv, insert_zeros. intros. lia. Qed.

(** An example, to see the definitions at work: kernel 3, stride 2 and padding (1, 2) on 5 elements
    give 3 outputs and a = 1. The stages have sizes 3, 5, 7 and 5, and output 1 reads input 2
    through tap 1. *)
Example example : let g := Axis 5 3 2 1 1 2 in
  valid g /\ outputs g = 3 /\ rest g = 1 /\
  spaced_size g = 5 /\ padded_size g = 7 /\ textbook_size g = 5 /\ textbook g 2 1 1.
Proof.
  intros g. assert (V : valid g) by (unfold valid, room, reach; cbn; lia).
  repeat split; try (cbn; lia). apply transpose_1d; [exact V|]. unfold conv. cbn. lia.
Qed.

(** ** Flat indices *)

(** Rows and columns of a matrix, and entries of a weight array, are numbered by raveling. *)
Definition ravel (n x y : Z) : Z := x * n + y.

(** Raveling loses nothing. *)
Lemma ravel_injective : forall n x y x' y',
  0 <= y < n -> 0 <= y' < n -> ravel n x y = ravel n x' y' -> x = x' /\ y = y'.
Proof. unfold ravel. intros. assert (x = x') by nia. subst. lia. Qed.

(** ** Channels and groups

    A convolution of G groups has G*B input channels and G*A output channels. Within group [g] it
    connects every output channel g*A + a to every input channel g*B + b. Its weight has the
    layout (G*A, B), that is (C_out, C_in / groups): row g*A + a, column b. *)

Definition channels (G A B co ci r c : Z) : Prop :=
  exists g a b, 0 <= g < G /\ 0 <= a < A /\ 0 <= b < B /\
    co = g * A + a /\ ci = g * B + b /\ r = g * A + a /\ c = b.

(** The index of a weight once the channels are exchanged within each group: the layout (G*A, B)
    becomes (G*B, A). *)
Definition swap (A B : Z) (w : Z * Z) : Z * Z :=
  (fst w / A * B + snd w, fst w mod A).

(** It takes (g*A + a, b) to (g*B + b, a). *)
Lemma swap_at : forall A B g a b, 0 <= a < A -> swap A B (g * A + a, b) = (g * B + b, a).
Proof.
  intros A B g a b Ha. unfold swap. cbn [fst snd].
  replace ((g * A + a) / A) with g by (apply Z.div_unique with a; lia).
  replace ((g * A + a) mod A) with a by (apply Z.mod_unique with g; lia).
  reflexivity.
Qed.

(** An index of a weight array of the layout (G*A, B). *)
Definition in_layout (G A B : Z) (w : Z * Z) : Prop :=
  0 <= fst w < G * A /\ 0 <= snd w < B.

(** Such an index is that of one group, one output and one input channel within the group. *)
Lemma layout_split : forall G A B w, 1 <= A -> in_layout G A B w ->
  exists g a b, 0 <= g < G /\ 0 <= a < A /\ 0 <= b < B /\ w = (g * A + a, b).
Proof.
  intros G A B [r c] HA [Hr Hc]. cbn [fst snd] in *.
  pose proof (Z.div_mod r A ltac:(lia)). pose proof (Z.mod_pos_bound r A ltac:(lia)).
  exists (r / A), (r mod A), c. repeat split; try lia; try nia.
  f_equal. lia.
Qed.

(** Swapping re-indexes bijectively: it maps the layout (G*A, B) into the layout (G*B, A), ... *)
Theorem swap_in_layout : forall G A B w, 1 <= A ->
  in_layout G A B w -> in_layout G B A (swap A B w).
Proof.
  intros G A B w HA H. destruct (layout_split G A B w HA H) as (g & a & b & Hg & Ha & Hb & ->).
  rewrite swap_at by lia. unfold in_layout. cbn [fst snd]. nia.
Qed.

(** ... and swapping back undoes it, from either side (exchange the names A and B). *)
Theorem swap_swap : forall G A B w, 1 <= A ->
  in_layout G A B w -> swap B A (swap A B w) = w.
Proof.
  intros G A B w HA H. destruct (layout_split G A B w HA H) as (g & a & b & Hg & Ha & Hb & ->).
  now rewrite !swap_at by lia.
Qed.

(** The channel rule of the transpose is the rule with A and B exchanged, reading the swapped
    weight: where the swapped weight is indexed (r', c'), the original is indexed (r, c). *)
Theorem transpose_channels : forall G A B co ci r c,
  (exists r' c', channels G B A ci co r' c' /\ swap B A (r', c') = (r, c)) <->
  channels G A B co ci r c.
Proof.
  intros. split.
  - intros (r' & c' & (g & b & a & Hg & Hb & Ha & Eci & Eco & -> & ->) & S).
    rewrite swap_at in S by lia. injection S as <- <-.
    exists g, a, b. repeat split; lia.
  - intros (g & a & b & Hg & Ha & Hb & Eco & Eci & -> & ->).
    exists (g * B + b), a. rewrite swap_at by lia. split; [|reflexivity].
    exists g, b, a. repeat split; lia.
Qed.

(** ** Two dimensions

    A 2-D convolution is the product of two axes and a channel rule. The flat index of weight
    (r, c, t1, t2) in the layout (G*A, B, k1, k2): *)

Definition flat (B : Z) (g h : axis) (r c t1 t2 : Z) : Z :=
  ravel (kernel h) (ravel (kernel g) (ravel B r c) t1) t2.

Definition conv_2d (G A B : Z) (g h : axis) (co o1 o2 ci i1 i2 w : Z) : Prop :=
  exists r c t1 t2, channels G A B co ci r c /\ conv g o1 i1 t1 /\ conv h o2 i2 t2 /\
    w = flat B g h r c t1 t2.

(** The textbook's stages in two dimensions. The first two keep the channel. *)
Definition insert_zeros_2d (g h : axis) (cj j1 j2 co o1 o2 : Z) : Prop :=
  cj = co /\ insert_zeros g j1 o1 /\ insert_zeros h j2 o2.

Definition pad_2d (g h : axis) (cu u1 u2 cj j1 j2 : Z) : Prop :=
  cu = cj /\ pad g u1 j1 /\ pad h u2 j2.

(** The third is a grouped convolution from G*A to G*B channels. Its weight is the original one,
    flipped along both axes, with channels swapped in each group; [w] is the flat index, in the
    original array, of the weight that is read. *)
Definition flipped_conv_2d (G A B : Z) (g h : axis) (ci i1 i2 cu u1 u2 w : Z) : Prop :=
  exists r' c' r c t1 t2, channels G B A ci cu r' c' /\ swap B A (r', c') = (r, c) /\
    flipped_conv g i1 u1 t1 /\ flipped_conv h i2 u2 t2 /\ w = flat B g h r c t1 t2.

Definition textbook_2d (G A B : Z) (g h : axis) (ci i1 i2 co o1 o2 w : Z) : Prop :=
  exists cu u1 u2 cj j1 j2,
    flipped_conv_2d G A B g h ci i1 i2 cu u1 u2 w /\
    pad_2d g h cu u1 u2 cj j1 j2 /\
    insert_zeros_2d g h cj j1 j2 co o1 o2.

(** The product of equivalences, over channels and two axes, is an equivalence. *)
Lemma product_of_equivalences :
  forall (P P' : Z -> Z -> Prop) (Q Q' R R' : Z -> Prop) (w : Z) (f : Z -> Z -> Z -> Z -> Z),
  (forall r c, P r c <-> P' r c) -> (forall t, Q t <-> Q' t) -> (forall t, R t <-> R' t) ->
  ((exists r c t1 t2, P r c /\ Q t1 /\ R t2 /\ w = f r c t1 t2) <->
   (exists r c t1 t2, P' r c /\ Q' t1 /\ R' t2 /\ w = f r c t1 t2)).
Proof.
  intros P P' Q Q' R R' w f HP HQ HR.
  split; intros (r & c & t1 & t2 & Hp & Hq & Hr & E); exists r, c, t1, t2;
    (split; [now apply HP | split; [now apply HQ | split; [now apply HR | exact E]]]).
Qed.

(** Composing the 2-D stages is the same as composing each axis and the channel rule alone. *)
Lemma textbook_2d_is_a_product : forall G A B g h ci i1 i2 co o1 o2 w,
  textbook_2d G A B g h ci i1 i2 co o1 o2 w <->
  exists r c t1 t2,
    (exists r' c', channels G B A ci co r' c' /\ swap B A (r', c') = (r, c)) /\
    textbook g i1 o1 t1 /\ textbook h i2 o2 t2 /\ w = flat B g h r c t1 t2.
Proof.
  intros. split.
  - intros (cu & u1 & u2 & cj & j1 & j2
            & (r' & c' & r & c & t1 & t2 & Hc & S & F1 & F2 & E)
            & (-> & P1 & P2) & (-> & I1 & I2)).
    exists r, c, t1, t2. repeat split; try exact E.
    + now exists r', c'.
    + now exists u1, j1.
    + now exists u2, j2.
  - intros (r & c & t1 & t2 & (r' & c' & Hc & S)
            & (u1 & j1 & F1 & P1 & I1) & (u2 & j2 & F2 & P2 & I2) & E).
    exists co, u1, u2, co, j1, j2. split.
    + now exists r', c', r, c, t1, t2.
    + now split.
Qed.

(** The theorem in two dimensions, with channels and groups: entry (ci, i1, i2), (co, o1, o2) of
    the textbook's construction holds weight [w] exactly when entry (co, o1, o2), (ci, i1, i2) of
    the convolution does. *)
Theorem transpose_2d : forall G A B g h, valid g -> valid h ->
  forall ci i1 i2 co o1 o2 w,
  textbook_2d G A B g h ci i1 i2 co o1 o2 w <-> conv_2d G A B g h co o1 o2 ci i1 i2 w.
Proof.
  intros G A B g h Vg Vh ci i1 i2 co o1 o2 w.
  rewrite textbook_2d_is_a_product. unfold conv_2d.
  apply product_of_equivalences with (f := flat B g h).
  - intros. apply transpose_channels.
  - intros. now apply transpose_1d.
  - intros. now apply transpose_1d.
Qed.

(** *** As matrices

    Rows and columns are raveled elements, each array by its own sizes. *)

Definition conv_matrix (G A B : Z) (g h : axis) (row column w : Z) : Prop :=
  exists co o1 o2 ci i1 i2, conv_2d G A B g h co o1 o2 ci i1 i2 w /\
    row = ravel (outputs h) (ravel (outputs g) co o1) o2 /\
    column = ravel (size h) (ravel (size g) ci i1) i2.

Definition textbook_matrix (G A B : Z) (g h : axis) (row column w : Z) : Prop :=
  exists ci i1 i2 co o1 o2, textbook_2d G A B g h ci i1 i2 co o1 o2 w /\
    row = ravel (textbook_size h) (ravel (textbook_size g) ci i1) i2 /\
    column = ravel (outputs h) (ravel (outputs g) co o1) o2.

Theorem transpose_matrix : forall G A B g h, valid g -> valid h ->
  forall row column w,
  textbook_matrix G A B g h row column w <-> conv_matrix G A B g h column row w.
Proof.
  intros G A B g h Vg Vh row column w. unfold textbook_matrix, conv_matrix.
  rewrite !textbook_size_is_n by assumption. split.
  - intros (ci & i1 & i2 & co & o1 & o2 & T & Er & Ec).
    exists co, o1, o2, ci, i1, i2. split; [|now split]. now apply transpose_2d.
  - intros (co & o1 & o2 & ci & i1 & i2 & C & Ec & Er).
    exists ci, i1, i2, co, o1, o2. split; [|now split]. now apply transpose_2d.
Qed.

(** Flat numbers lose nothing: a row, a column and a weight of the matrix come from one output
    element, one input element and one weight only. *)
Theorem flat_injective : forall B g h r c t1 t2 r' c' t1' t2',
  0 <= c < B -> 0 <= c' < B ->
  0 <= t1 < kernel g -> 0 <= t1' < kernel g -> 0 <= t2 < kernel h -> 0 <= t2' < kernel h ->
  flat B g h r c t1 t2 = flat B g h r' c' t1' t2' ->
  r = r' /\ c = c' /\ t1 = t1' /\ t2 = t2'.
Proof.
  unfold flat. intros B g h r c t1 t2 r' c' t1' t2' ? ? ? ? ? ? E.
  apply ravel_injective in E as [E E2]; [|lia..].
  apply ravel_injective in E as [E E1]; [|lia..].
  apply ravel_injective in E as [E0 E]; [|lia..].
  now repeat split.
Qed.

Theorem element_injective : forall n1 n2 c x y c' x' y',
  0 <= x < n1 -> 0 <= x' < n1 -> 0 <= y < n2 -> 0 <= y' < n2 ->
  ravel n2 (ravel n1 c x) y = ravel n2 (ravel n1 c' x') y' ->
  c = c' /\ x = x' /\ y = y'.
Proof.
  intros n1 n2 c x y c' x' y' ? ? ? ? E.
  apply ravel_injective in E as [E E1]; [|lia..].
  apply ravel_injective in E as [E E0]; [|lia..].
  now repeat split.
Qed.

(** ** Any number of axes

    A list of axes, with one output, input and tap for each. Both sides are products over the axes;
    that a product of compositions is the composition of the products, is shown above for two. *)

Inductive along (R : axis -> Z -> Z -> Z -> Prop) :
  list axis -> list Z -> list Z -> list Z -> Prop :=
| along_none : along R nil nil nil nil
| along_one_more : forall g x y t gs xs ys ts,
    R g x y t -> along R gs xs ys ts -> along R (g :: gs) (x :: xs) (y :: ys) (t :: ts).

Theorem transpose_nd : forall gs, Forall valid gs ->
  forall is os ts, along textbook gs is os ts <-> along conv gs os is ts.
Proof.
  intros gs V. induction V as [|g gs Vg _ IH]; intros is os ts.
  - split; intros H; inversion H; constructor.
  - split; intros H; inversion H; subst; constructor;
      solve [now apply transpose_1d | now apply IH].
Qed.

Print Assumptions textbook_size_is_n.
Print Assumptions transpose_1d.
Print Assumptions one_path.
Print Assumptions swap_swap.
Print Assumptions transpose_2d.
Print Assumptions transpose_matrix.
Print Assumptions transpose_nd.
