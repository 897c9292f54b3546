"""What several algorithms need: regions, uptake, isocontours, pictures, the model card."""
