"""Operations that cost nothing in any convention.

They compare, choose, sort, look up, draw random numbers, or make, move and reshape tensors. Views are recognised by
their schemas and need no entry here.
"""

FREE = frozenset(
    """
    max_unpool2d max_unpool3d upsample_nearest1d upsample_nearest3d _upsample_nearest_exact2d reflection_pad1d
    reflection_pad1d_backward reflection_pad2d reflection_pad2d_backward reflection_pad3d reflection_pad3d_backward
    replication_pad1d replication_pad1d_backward replication_pad2d replication_pad2d_backward replication_pad3d
    replication_pad3d_backward constant_pad_nd pixel_shuffle pixel_unshuffle channel_shuffle im2col nll_loss_forward
    nll_loss_backward nll_loss2d_forward nll_loss2d_backward _ctc_loss _ctc_loss_backward argmax argmin any all median
    nanmedian mode count_nonzero nonzero unique_consecutive _unique2 unique_dim bincount histc searchsorted bucketize
    sort topk kthvalue argsort msort embedding gather scatter index index_select index_copy index_fill
    _index_put_impl_ _unsafe_index masked_fill masked_scatter masked_scatter_backward masked_select
    masked_select_backward take put select_backward slice_backward split_backward split_with_sizes_backward
    unfold_backward diagonal_backward select_scatter slice_scatter diagonal_scatter as_strided_scatter
    value_selecting_reduction_backward cat stack hstack vstack repeat repeat_interleave flip roll rot90 tril triu
    tril_indices triu_indices diag_embed clone copy _to_copy contiguous _unsafe_view _reshape_copy view_as_real
    view_as_complex _conj resolve_conj resolve_neg fill zero detach lift_fresh lift_fresh_copy alias set_ resize_
    expand_copy _pin_memory to_sparse empty empty_like empty_strided new_empty new_empty_strided zeros zeros_like
    new_zeros ones ones_like new_ones full full_like new_full arange range linspace logspace eye scalar_tensor rand
    rand_like randn randn_like randint randint_like randperm normal normal_functional uniform bernoulli multinomial
    exponential geometric cauchy log_normal poisson random hann_window hamming_window blackman_window complex polar
    unsafe_split unsafe_split_with_sizes unsafe_chunk _local_scalar_dense item equal is_same_size is_pinned
    _assert_async _functional_assert_async _is_any_true _is_all_true _assert_scalar sym_size sym_numel sym_stride isin
    one_hot _pack_padded_sequence _pack_padded_sequence_backward _pad_packed_sequence quantize_per_tensor
    quantize_per_tensor_dynamic quantize_per_channel dequantize fake_quantize_per_tensor_affine_cachemask
    fake_quantize_per_channel_affine_cachemask _fused_moving_avg_obs_fq_helper _indices _values indices values
    coalesce _coalesce _sparse_coo_tensor_with_dims_and_tensors _efficientzerotensor _has_compatible_shallow_copy_type
    _transform_bias_rescale_qkv where _upsample_nearest_exact1d _upsample_nearest_exact3d
    batch_norm_gather_stats_with_counts empty_permuted alias_copy as_strided_copy diagonal_copy lift narrow_copy
    nonzero_static permute_copy resize resize_as slice split split_with_sizes_copy squeeze_copy t_copy transpose_copy
    unbind_copy unfold_copy unsqueeze_copy view_copy _unique _to_dense _unsafe_masked_index _chunk_cat block_diag
    _assert_tensor_metadata _print _resize_output _nested_tensor_from_tensor_list _nested_view_from_buffer_copy
    _jagged_to_padded_dense_forward _padded_dense_to_jagged_forward dense_dim sparse_dim is_coalesced
    sym_constrain_range sym_constrain_range_for_size _convert_weight_to_int4pack _convert_weight_to_int4pack_for_cpu
    _dyn_quant_pack_4bit_weight _spdiags lu_unpack _foreach_copy _foreach_zero _to_sparse _to_sparse_bsc
    _to_sparse_bsr _to_sparse_csc _to_sparse_csr sparse_mask _sparse_mask_projection _nnz _dimI _dimV _coalesced
    _convert_indices_from_coo_to_csr _convert_indices_from_csr_to_coo _validate_compressed_sparse_indices
    sparse_resize sparse_resize_and_clear resize_as_sparse copy_sparse_to_sparse sparse_compressed_tensor
    _linalg_check_errors _to_sparse_semi_structured _sparse_semi_structured_apply _sparse_semi_structured_tile
    _sparse_broadcast_to_copy _cslt_compress to_padded_tensor to_mkldnn _mkldnn_reshape _mkldnn_transpose
    mkldnn_reorder_conv2d_weight mkldnn_reorder_conv3d_weight _nested_compute_contiguous_strides_offsets
    _nested_from_padded _nested_from_padded_and_nested_example _nested_from_padded_tensor _nested_get_jagged_dummy
    _nested_get_lengths _nested_get_max_seqlen _nested_get_min_seqlen _nested_get_offsets _nested_get_ragged_idx
    _nested_get_values_copy _nested_select_backward _nested_sum_backward _nested_tensor_from_mask
    _nested_tensor_from_mask_left_aligned _nested_tensor_size _nested_tensor_storage_offsets _nested_tensor_strides
    _nested_view_from_jagged_copy _conj_copy _neg_view_copy _indices_copy _values_copy _reshape_alias_copy
    _fw_primal_copy _make_dual_copy ccol_indices_copy col_indices_copy crow_indices_copy row_indices_copy detach_copy
    indices_copy values_copy select_copy slice_copy split_copy view_as_complex_copy view_as_real_copy _copy_from
    _copy_from_and_resize _lazy_clone _stack allclose is_set_to set record_stream histogram _histogramdd_bin_edges
    _histogramdd_from_bin_cts _histogramdd_from_bin_tensors hash_tensor unique_dim_consecutive binomial
    _standard_gamma _sample_dirichlet _fused_sdp_choice _cudnn_rnn_flatten_weight _functional_assert_scalar
    _has_same_storage_numel _new_zeros_with_same_feature_meta _make_per_channel_quantized_tensor
    _make_per_tensor_quantized_tensor _empty_per_channel_affine_quantized empty_quantized int_repr q_scale
    q_zero_point q_per_channel_scales q_per_channel_zero_points q_per_channel_axis qscheme
    _fake_quantize_per_tensor_affine_cachemask_tensor_qparams _use_cudnn_ctc_loss _cudnn_ctc_loss miopen_ctc_loss
    _fused_moving_avg_obs_fq_helper_functional quantized_max_pool1d quantized_max_pool2d quantized_max_pool3d
    embedding_renorm torchvision::nms torchvision::qnms
    """.split()
)
